using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Nobody can tell a buffer that was ready from one that was made for him.</summary>
public sealed class PooledBufferTests
{
    private const ulong Length = 64 << 10;

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(2u)]
    public void A_buffer_that_was_ready_looks_like_one_that_was_not(uint accessMode)
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        using var ready = host.Allocate(Length, fileFlags: accessMode);
        Assert.Equal(1, host.Statistics.PoolHits);
        using var fresh = host.Allocate(Length, "fresh", fileFlags: accessMode);
        Assert.Equal(See(fresh.Handle).Replace("fresh", "plain", StringComparison.Ordinal), See(ready.Handle));
        Assert.Equal((fresh.Length, fresh.PageSize), (ready.Length, ready.PageSize));
        Assert.Equal(fresh.Flags | BufferFlags.Resident, ready.Flags); // the one thing that is told
    }

    [Fact]
    public void It_is_zero_and_has_all_its_pages()
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        using var ready = host.Allocate(Length);
        using var fresh = host.Allocate(Length, "fresh");
        Assert.Equal(((long)Length / 512, 0), (FileStatus.Of(ready.Handle).Blocks, FileStatus.Of(fresh.Handle).Blocks));
        using var mapping = MemoryMapping.Map(ready.Handle, 0, (long)Length, MapProtection.Read | MapProtection.Write, populate: true);
        Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
        mapping.Span.Fill(1);
    }

    [Fact]
    public void It_is_released_once_when_its_last_reference_is_gone_a_mapping_too()
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        var ready = host.Allocate(Length);
        using (MemoryMapping.Map(ready.Handle, 0, (long)Length, MapProtection.Read))
        {
            ready.Dispose();
            host.WaitFor(1); // the next one is made, and ends no other
            Assert.Empty(host.Test.Heap.Released);
            Assert.Equal(1, host.Statistics.Buffers);
        }

        host.Test.AssertNothingIsHeld();
        Assert.Equal(ReleaseReason.LastReferenceGone, Assert.Single(host.Test.Heap.Released).Reason);
    }

    [Fact]
    public void The_host_knows_it_by_its_descriptor()
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        using var client = host.Test.Connect();
        using var ready = client.Allocate(length: Length);
        Assert.Equal(1, host.Statistics.PoolHits);
        Assert.Equal(Length, client.Ask(Messages.Describe(client.NextId()), ready).As<DescribeReply>().Buffer.Length);
    }

    [Fact]
    public void A_heap_that_looks_at_its_memory_first_finds_a_description_of_its_own()
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        host.Test.Heap.OnAllocate = (request, _) =>
        {
            var memory = host.Test.Heap.Pages(request.Length);
            using var own = memory.OpenDescriptor();
            RandomAccess.Write(own, [7], 100);
            FileSpace.TrySeekEnd(own, out var end);
            Assert.Equal(request.Length, end);
            return new HeapBuffer(memory);
        };
        using var ready = host.Allocate(Length);
        Assert.Equal(1, host.Statistics.PoolHits);
        Assert.Equal(0, Position(ready.Handle));
        var read = new byte[1];
        RandomAccess.Read(ready.Handle, read, 100);
        Assert.Equal(7, read[0]);
    }

    [Fact]
    public void Whoever_takes_memory_out_of_a_pool_shows_no_buffer_and_spoils_none()
    {
        using var host = new PooledHost(PooledHost.Fixed((long)Length, (long)Length));
        host.WaitFor(1);
        using (var stolen = Directory.GetFiles("/proc/self/fd").Select(Opened).First(file => file is not null)!)
        {
            using var client = host.Test.Connect();
            Assert.Equal(HeapCause.UnknownBuffer, client.Ask(Messages.Describe(client.NextId()), stolen).Error().Cause);
        }

        host.Allocate(Length).Dispose();
        Assert.Equal(1, host.Statistics.PoolHits);
        host.Test.AssertNothingIsHeld();

        static SafeFileHandle? Opened(string path) =>
            new FileInfo(path).LinkTarget == "/memfd:plain (deleted)" && PathCalls.TryOpen(path, 2, out var file) == Errno.None ? file : null;
    }

    // All that the kernel says of a descriptor, but for what is another's by nature.
    private static string See(SafeFileHandle file)
    {
        var status = FileStatus.Of(file);
        FileSeals.TryGet(file, out var seals);
        var number = file.DangerousGetHandle();
        var info = File.ReadAllLines($"/proc/self/fdinfo/{number}").Where(line => !line.StartsWith("ino:", StringComparison.Ordinal));
        var at = Position(file);
        FileSpace.TrySeekEnd(file, out var end);
        return $"""
            {Convert.ToString(status.RawMode, 8)} {status.Length} {status.UserId}:{status.GroupId} on {status.DeviceMajor}:{status.DeviceMinor}
            {seals} {DescriptorName.TryRead(file)} {DescriptorFlags.GetStatusFlags(file):x} {DescriptorFlags.GetCloseOnExec(file)} at {at} of {end}
            {string.Join(' ', info)}
            """;
    }

    private static long Position(SafeFileHandle file) =>
        long.Parse(File.ReadLines($"/proc/self/fdinfo/{file.DangerousGetHandle()}").First(line => line.StartsWith("pos:", StringComparison.Ordinal))[4..].Trim());
}
