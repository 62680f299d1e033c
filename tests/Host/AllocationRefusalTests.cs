using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>What cannot be had, and what a client is told then.</summary>
public sealed class AllocationRefusalTests
{
    [Fact]
    public void An_unknown_heap_is_ENOENT_naming_those_there_are()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var refusal = client.Ask(Messages.Allocate(1, "sistem", 4096)).Error();
        Assert.Equal((HeapErrno.NoEntry, HeapCause.UnknownHeap, false), (refusal.Errno, refusal.Cause, refusal.Fatal));
        Assert.Contains("sistem", refusal.Sentence);
        Assert.Contains("plain", refusal.Sentence);
        Assert.Equal(HeapErrno.NoEntry, client.Ask(Messages.Statistics(2, "sistem")).Error().Errno);
        Assert.Equal(HeapErrno.NoEntry, client.Ask(Messages.ListBuffers(3, heap: "sistem")).Error().Errno);
        client.Allocate().Dispose();
    }

    [Theory]
    [InlineData(0ul, HeapErrno.Invalid, HeapCause.BadLength)]
    [InlineData(ulong.MaxValue, HeapErrno.Invalid, HeapCause.BadLength)]
    [InlineData(ulong.MaxValue - 4094, HeapErrno.Invalid, HeapCause.BadLength)]
    [InlineData(ulong.MaxValue - 4095, HeapErrno.NoMemory, HeapCause.BufferLimit)]
    [InlineData(1ul << 63, HeapErrno.NoMemory, HeapCause.BufferLimit)]
    [InlineData((1ul << 63) - 1, HeapErrno.NoMemory, HeapCause.BufferLimit)]
    [InlineData((1ul << 63) - 4096, HeapErrno.NoMemory, HeapCause.HostLimit)]
    [InlineData(1ul << 50, HeapErrno.NoMemory, HeapCause.HostLimit)]
    public void A_length_that_is_none_or_more_than_there_is_never_reaches_the_heap(ulong length, HeapErrno errno, string cause)
    {
        Assert.SkipUnless(Environment.SystemPageSize == 4096, "the numbers are for pages of 4 KiB");
        using var host = new TestHost();
        using var client = host.Connect();
        var refusal = client.Ask(Messages.Allocate(1, "plain", length)).Error();
        Assert.Equal((errno, cause), (refusal.Errno, refusal.Cause));
        Assert.Empty(host.Heap.Allocated);
        host.AssertNothingIsHeld();
        Assert.Equal(1, host.Host.Statistics("plain").Failures);
    }

    [Theory]
    [InlineData(0x4u, 0ul, 0u)]
    [InlineData(0x80u << 24, 0ul, 0u)]
    [InlineData(0x40u | 2u, 0ul, 0u)] // O_CREAT
    [InlineData(2u, 1ul, 0u)]
    [InlineData(2u, 1ul << 63, 0u)]
    [InlineData(2u, 0ul, 2u)]
    [InlineData(2u, 0ul, 1u << 31)]
    public void Wrong_flags_are_EINVAL(uint fileFlags, ulong heapFlags, uint options)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var refusal = client.Ask(Messages.Allocate(1, "plain", 4096, fileFlags: fileFlags, heapFlags: heapFlags, options: (AllocateOptions)options)).Error();
        Assert.Equal(HeapErrno.Invalid, refusal.Errno);
        Assert.Empty(host.Heap.Allocated);
        client.Allocate().Dispose();
    }

    [Theory]
    [InlineData(0u, FileAccessMode.ReadOnly)]
    [InlineData(1u, FileAccessMode.WriteOnly)]
    [InlineData(2u, FileAccessMode.ReadWrite)]
    [InlineData(3u, FileAccessMode.IoctlOnly)]
    [InlineData(2u | ProtocolConstants.CloseOnExec, FileAccessMode.ReadWrite)]
    public void Each_access_mode_of_the_real_interface_is_what_the_descriptor_has(uint fileFlags, FileAccessMode mode)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using (var descriptor = client.Allocate(fileFlags: fileFlags)) Assert.Equal(mode, DescriptorFlags.GetAccessMode(descriptor));
        host.AssertNothingIsHeld();
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(254u)]
    [InlineData(uint.MaxValue)]
    public void A_count_no_message_can_carry_is_EINVAL(uint count)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        Assert.Equal(HeapErrno.Invalid, client.Ask(Messages.Allocate(1, "plain", 4096, count)).Error().Errno);
        Assert.Empty(host.Heap.Allocated);
    }

    [Fact]
    public void Two_hundred_and_fifty_three_buffers_come_in_one_reply_each_its_own()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using (var reply = client.Ask(Messages.Allocate(1, "plain", 4096, ProtocolConstants.MaxDescriptors)))
        {
            Assert.Equal(253, reply.Descriptors.Length);
            Assert.Equal(253, reply.Ids().Distinct().Count());
            Assert.Equal(253, reply.Descriptors.Select(descriptor => FileStatus.Of(descriptor).Inode).Distinct().Count());
            using var shown = client.Ask(Messages.Describe(2), reply.Descriptors[200]);
            Assert.Equal(reply.Ids()[200], shown.As<DescribeReply>().Buffer.Id);
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void As_many_as_fit_says_why_there_are_no_more()
    {
        using var host = new TestHost(limits: new HeapLimits { Total = 5 * 4096 });
        using var client = host.Connect();
        using (var reply = client.Ask(Messages.Allocate(1, "plain", 4096, 10, options: AllocateOptions.AsManyAsFit)))
        {
            Assert.Equal((5u, (int)HeapErrno.NoMemory), (reply.As<AllocateReply>().Count, reply.As<AllocateReply>().StoppedBy));
            Assert.Equal(5, reply.Descriptors.Length);
            Assert.Equal(HeapCause.HeapLimit, client.Ask(Messages.Allocate(2, "plain", 4096, 10, options: AllocateOptions.AsManyAsFit)).Error().Cause);
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void An_unavailable_heap_is_ENODEV_with_its_reason_and_is_listed_with_it()
    {
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "absent", Required = false, Create = _ => throw new HeapException(HeapErrno.NoDevice, "x", "no such device here") }],
        });
        using var client = host.Connect();
        var refusal = client.Ask(Messages.Allocate(1, "absent", 4096)).Error();
        Assert.Equal((HeapErrno.NoDevice, HeapCause.Unavailable), (refusal.Errno, refusal.Cause));
        Assert.Contains("no such device here", refusal.Sentence);
        var entry = client.Ask(Messages.ListHeaps(2)).Entries<HeapEntry>()[1];
        Assert.Equal((HeapState.Unavailable, "no such device here"), (entry.State, TextField.Read(entry.Reason)));
        Assert.Equal([("plain", null), ("absent", "no such device here")], host.Host.Heaps);
    }
}
