using System.Net.Sockets;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;
using static DmaHeap.Tests.Importers.OrderTests;

namespace DmaHeap.Tests.Importers;

/// <summary>What is no buffer, no constraint or no permission is refused with what was wrong and what would be right.</summary>
public sealed class RefusalTests
{
    private const uint Both = 0, ToDevice = 1, FromDevice = 2;

    [Fact]
    public void A_pipe_a_socket_a_file_and_another_memfd_are_no_buffers()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var pipe = File.OpenHandle("/dev/null");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var borrowed = new SafeFileHandle(socket.Handle, ownsHandle: false);
        Assert.Equal(Errno.None, Memfd.TryCreate("not ours", MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing, out var memfd));
        Assert.Equal(Errno.None, Memfd.TryCreate("sealed like ours", MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing, out var sealedMemfd));
        FileSeals.Add(sealedMemfd, Seals.Shrink | Seals.Grow | Seals.Seal);
        using var pipes = new System.IO.Pipes.AnonymousPipeServerStream();
        using var pipeEnd = new SafeFileHandle(pipes.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using (memfd)
        using (sealedMemfd)
        {
            foreach (var shown in new[] { pipe, borrowed, memfd, sealedMemfd, pipeEnd })
            {
                Refused(client, Messages.Attach(client.NextId(), 1), HeapErrno.Invalid, HeapCause.UnknownBuffer, shown);
                Refused(client, Messages.Vmap(client.NextId(), 1), HeapErrno.Invalid, HeapCause.UnknownBuffer, shown);
                Refused(client, Messages.CpuAccess(client.NextId(), 1), HeapErrno.Invalid, HeapCause.UnknownBuffer, shown);
            }
        }

        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
    }

    [Fact]
    public void Constraints_that_cannot_be_met_are_named_with_what_would_fit()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate(length: 65536);
        Assert.Contains("4 KiB, so that or less would fit", NotMet(Messages.Attach(0, 1, alignment: 65536)));
        Assert.Contains("16 segments of 4 KiB would", NotMet(Messages.Attach(0, 1, maxSegmentBytes: 5000, maxSegments: 8)));
        Assert.Contains("at least 4 KiB would fit", NotMet(Messages.Attach(0, 1, alignment: 4096, maxSegmentBytes: 1000)));
        var contiguous = Messages.Attach(0, 1);
        contiguous.Flags = AttachFlags.Contiguous;
        Assert.Contains("a buffer of one page would fit", NotMet(contiguous));
        var uncached = Messages.Attach(0, 1);
        uncached.Caching = 2;
        Assert.Contains("is cached", NotMet(uncached));

        string NotMet(AttachBufferRequest request)
        {
            request.Header.RequestId = client.NextId();
            return Refused(client, request, HeapErrno.Invalid, HeapCause.ConstraintsNotMet, descriptor).Sentence;
        }
    }

    [Fact]
    public void Segments_too_short_to_be_named_in_one_message_are_refused_before_a_heap_counts_them_out()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate(length: 64 << 20);
        var refusal = Refused(client, Messages.Attach(client.NextId(), 1, maxSegmentBytes: 1), HeapErrno.Invalid, HeapCause.ConstraintsNotMet, descriptor);
        Assert.Empty(buffer().Calls);
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
        var least = ulong.Parse(System.Text.RegularExpressions.Regex.Match(refusal.Sentence, "at least ([0-9]+) bytes would").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Done(client, Messages.Attach(client.NextId(), 1, maxSegmentBytes: least), descriptor); // what is said to fit does
        Done(client, Messages.Attach(client.NextId(), 2, maxSegmentBytes: 1 << 20), descriptor);
        using var reply = client.Ask(Messages.Map(client.NextId(), 2));
        Assert.Equal(64u, reply.As<MapReply>().Count);
    }

    [Fact]
    public void Numbers_that_say_nothing_are_refused_before_any_heap_hears_of_them()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        AttachBufferRequest[] nonsense =
        [
            Messages.Attach(0, 1, alignment: 3), Messages.Attach(0, 1, alignment: ulong.MaxValue), Messages.Attach(0, 1, alignment: 1UL << 63),
            Messages.Attach(0, 1, maxSegmentBytes: 1UL << 63), Messages.Attach(0, 1, direction: 3), Messages.Attach(0, 1, direction: uint.MaxValue),
        ];
        foreach (var request in nonsense)
        {
            var numbered = request;
            numbered.Header.RequestId = client.NextId();
            Refused(client, numbered, HeapErrno.Invalid, HeapCause.BadRequest, descriptor);
        }

        var caching = Messages.Attach(client.NextId(), 1);
        caching.Caching = 3;
        Refused(client, caching, HeapErrno.Invalid, HeapCause.BadRequest, descriptor);
        var flags = Messages.Attach(client.NextId(), 1);
        flags.Flags = (AttachFlags)2;
        Refused(client, flags, HeapErrno.Invalid, HeapCause.BadFlags, descriptor);
        Done(client, Messages.Attach(client.NextId(), ulong.MaxValue), descriptor);
        Refused(client, Messages.Map(client.NextId(), ulong.MaxValue, direction: 9), HeapErrno.Invalid, HeapCause.BadRequest);
        Assert.Equal(["Attach"], buffer().Calls);
    }

    [Theory]
    [InlineData(0u, ToDevice, FileAccessMode.ReadOnly)]
    [InlineData(2u, ToDevice, FileAccessMode.ReadOnly)]
    [InlineData(2u, FromDevice, FileAccessMode.ReadWrite)]
    [InlineData(2u, Both, FileAccessMode.ReadWrite)]
    [InlineData(1u, FromDevice, FileAccessMode.WriteOnly)]
    public void An_importer_gets_no_more_than_the_descriptor_it_showed_allows(uint shownMode, uint direction, FileAccessMode given)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate(fileFlags: shownMode);
        Done(client, Messages.Attach(client.NextId(), 1, direction), descriptor);
        using var reply = client.Ask(Messages.Map(client.NextId(), 1, direction));
        Assert.Equal(1u, reply.As<MapReply>().Descriptors);
        Assert.Equal(given, DescriptorFlags.GetAccessMode(Assert.Single(reply.Descriptors)));
    }

    [Theory]
    [InlineData(0u, FromDevice)]
    [InlineData(0u, Both)]
    [InlineData(1u, ToDevice)]
    [InlineData(1u, Both)]
    [InlineData(3u, ToDevice)]
    [InlineData(3u, Both)]
    public void A_descriptor_that_does_not_allow_the_direction_is_not_enough(uint shownMode, uint direction)
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate(fileFlags: shownMode);
        Done(client, Messages.Attach(client.NextId(), 1), descriptor);
        Refused(client, Messages.Map(client.NextId(), 1, direction), HeapErrno.Access, HeapCause.AccessDenied);
        Assert.Equal(["Attach", "Map", "Unmap"], buffer().Calls); // the heap had mapped it, and is told that it came to nothing
    }

    [Fact]
    public void A_path_to_a_buffer_is_none()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        Assert.Equal(Errno.None, PathDescriptor.TryOpen($"/proc/self/fd/{descriptor.DangerousGetHandle()}", out var path));
        using (path) Refused(client, Messages.Attach(client.NextId(), 1), HeapErrno.Invalid, HeapCause.UnknownBuffer, path);
    }

    [Fact]
    public void A_buffer_is_mapped_in_the_direction_it_was_attached_for()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        Done(client, Messages.Attach(client.NextId(), 1, ToDevice), descriptor);
        Refused(client, Messages.Map(client.NextId(), 1, FromDevice), HeapErrno.Invalid, HeapCause.BadRequest);
        client.Ask(Messages.Map(client.NextId(), 1, ToDevice)).Dispose();
    }

    [Fact]
    public void A_user_has_only_so_many_attachments_and_a_refused_one_is_not_counted()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        var most = Math.Max(16, (int)Math.Min(1 << 20, ResourceLimits.Get(LimitedResource.OpenFiles).Soft) / 8);
        Assert.SkipWhen(most > 10_000, "this machine allows too many descriptors to use them up in a test");
        for (var i = 1; i <= most; i++) Done(client, Messages.Attach(client.NextId(), (ulong)i), descriptor);
        Refused(client, Messages.Attach(client.NextId(), 0), HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, descriptor);
        Done(client, Messages.Detach(client.NextId(), 1));
        Done(client, Messages.Attach(client.NextId(), 0), descriptor);
    }
}
