using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>What there is, as a client sees it: heaps, buffers, and what a descriptor stands for.</summary>
public sealed partial class ListingTests
{
    [Fact]
    public void More_heaps_than_a_message_holds_come_in_several_with_their_aliases()
    {
        const int Count = 150;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. Enumerable.Range(0, Count).Select(i => new HeapDefinition
            {
                Name = $"heap{i}", Aliases = i % 2 == 0 ? [$"alias{i}"] : [], Plugin = "Scripted", Capabilities = HeapCapabilities.ZeroFilled, Create = context => new ScriptedHeap(context),
            })],
        });
        using var client = host.Connect();
        var (all, messages) = (new List<HeapEntry>(), 0);
        Packet page;
        do
        {
            page = client.Ask(Messages.ListHeaps(client.NextId(), (uint)all.Count));
            all.AddRange(page.Entries<HeapEntry>());
            messages++;
        }
        while (page.As<ListReply>().More == 1);

        Assert.True(messages > 2, "one message held them");
        Assert.Equal(
            Enumerable.Range(0, Count).SelectMany(i => i % 2 == 0 ? new[] { ($"heap{i}", ""), ($"alias{i}", $"heap{i}") } : [($"heap{i}", "")]),
            all.Select(entry => (TextField.Read(entry.Name), TextField.Read(entry.AliasOf))));
        Assert.All(all, entry => Assert.Equal((HeapState.Active, "Scripted", (uint)HeapCapabilities.ZeroFilled), (entry.State, TextField.Read(entry.Plugin), entry.Capabilities)));
        Assert.Empty(client.Ask(Messages.ListHeaps(client.NextId(), uint.MaxValue)).Entries<HeapEntry>());
        client.Allocate("alias4").Dispose();
    }

    [Fact]
    public void Five_hundred_buffers_come_in_pages_in_the_order_they_were_made()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var buffers = Enumerable.Range(0, 500).Select(i => host.Allocate((ulong)(i % 3 + 1) * 4096)).ToArray();
        var all = new List<BufferEntry>();
        Packet page;
        do
        {
            page = client.Ask(Messages.ListBuffers(client.NextId(), all.Count == 0 ? 0 : all[^1].Id.Sequence, "plain"));
            all.AddRange(page.Entries<BufferEntry>());
        }
        while (page.As<ListReply>().More == 1);

        Assert.Equal(buffers.Select(buffer => (buffer.Id, (ulong)buffer.Length)), all.Select(entry => (entry.Id, entry.Length)));
        Assert.All(all, entry => Assert.Equal((TestHost.Us.UserId, Environment.ProcessId, "plain"), (entry.UserId, entry.ProcessId, TextField.Read(entry.Heap))));
        foreach (var buffer in buffers) buffer.Dispose();
        host.AssertNothingIsHeld();
        Assert.Empty(client.Ask(Messages.ListBuffers(client.NextId())).Entries<BufferEntry>());
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    public void A_buffer_is_known_by_any_descriptor_of_it_and_by_its_new_name(uint fileFlags)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate(length: 5000, fileFlags: fileFlags);
        Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(descriptor, out var duplicate));
        using (duplicate)
        {
            client.Ask(Messages.SetName(client.NextId(), "frame/7 \"é\""), duplicate).As<DoneReply>();
            var buffer = client.Ask(Messages.Describe(client.NextId()), descriptor).As<DescribeReply>().Buffer;
            Assert.Equal((8192ul, "plain", "frame/7 \"é\""), (buffer.Length, TextField.Read(buffer.Heap), TextField.Read(buffer.Name)));
            Assert.Equal(buffer.Id, Assert.Single(client.Ask(Messages.ListBuffers(client.NextId())).Entries<BufferEntry>()).Id);
            client.Ask(Messages.SetName(client.NextId(), ""), descriptor).As<DoneReply>();
            Assert.Equal("", TextField.Read(client.Ask(Messages.ListBuffers(client.NextId())).Entries<BufferEntry>()[0].Name));
        }
    }

    [Fact]
    public void A_descriptor_of_anything_else_is_EINVAL_and_stays_unwatched()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var ours = client.Allocate();
        var foreign = new List<SafeFileHandle>();
        var (first, second) = SeqpacketSocket.CreatePair();
        foreign.AddRange([first, second, File.OpenHandle("/dev/null"), File.OpenHandle("/proc/self/status"), new EventSignal().Handle]);
        var plain = Memfd.Create("foreign", MemfdFlags.CloseOnExec);
        var alike = Memfd.Create("plain", MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(alike, 4096));
        FileSeals.Add(alike, Seals.Shrink | Seals.Grow | Seals.Seal);
        foreign.AddRange([plain, alike]);
        foreign.Add(OpenPathOnly(ours)); // ours, but a descriptor by which nothing may be done
        using var otherHost = new TestHost();
        foreign.Add(otherHost.Allocate().Handle);

        foreach (var descriptor in foreign)
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal((HeapErrno.Invalid, HeapCause.UnknownBuffer), CauseOf(client.Ask(Messages.Describe(client.NextId()), descriptor)));
                Assert.Equal((HeapErrno.Invalid, HeapCause.UnknownBuffer), CauseOf(client.Ask(Messages.SetName(client.NextId(), "mine"), descriptor)));
                Assert.Equal((HeapErrno.Invalid, HeapCause.UnknownBuffer), CauseOf(client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor)));
            }
        }

        client.Ask(Messages.Describe(client.NextId()), ours).As<DescribeReply>();
        foreach (var descriptor in foreign) descriptor.Dispose();
    }

    [Fact]
    public void A_buffer_of_a_host_that_was_stopped_is_none_of_the_next()
    {
        ExportedBuffer old;
        using (var first = new TestHost()) old = first.Allocate();
        using (old)
        using (var host = new TestHost())
        using (var client = host.Connect())
        {
            Assert.Equal(HeapCause.UnknownBuffer, client.Ask(Messages.Describe(1), old.Handle).Error().Cause);
        }
    }

    private static SafeFileHandle OpenPathOnly(SafeFileHandle file)
    {
        const int PathOnly = 0x200000, CloseOnExec = 0x80000;
        var opened = open($"/proc/self/fd/{(int)file.DangerousGetHandle()}", PathOnly | CloseOnExec);
        Assert.True(opened >= 0);
        return new SafeFileHandle(opened, ownsHandle: true);
    }

    [System.Runtime.InteropServices.LibraryImport("libc", StringMarshalling = System.Runtime.InteropServices.StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    private static (HeapErrno Errno, string Cause) CauseOf(Packet packet) => (packet.Error().Errno, packet.Error().Cause);
}
