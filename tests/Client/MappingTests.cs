using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Client;

/// <summary>Where a buffer is mapped, and whether its pages are faulted in with it.</summary>
public sealed class MappingTests
{
    const int HugePage = 2 << 20;

    readonly string _mark = Descriptors.NewMark();

    [Fact]
    public void A_buffer_whose_pages_are_there_is_mapped_with_all_of_them()
    {
        using var memory = Committed(1 << 20);
        using var buffer = Allocated(memory, BufferFlags.Resident);

        using var mapping = buffer.Map();
        using var part = buffer.Map(4096, 8192, FileAccess.Read);
        using var unpopulated = buffer.Map(populate: false);

        Assert.Equal(1024, ResidentKiB(mapping));
        Assert.Equal(8, ResidentKiB(part));
        Assert.Equal(0, ResidentKiB(unpopulated)); // the control
    }

    [Fact]
    public void A_buffer_of_which_that_is_not_said_is_mapped_without_a_page()
    {
        using var memory = FakeHost.Memory(_mark, 1 << 20);
        using var buffer = Allocated(memory, BufferFlags.None);

        using var mapping = buffer.Map();
        Assert.Equal((0L, 0L), (ResidentKiB(mapping), FileStatus.Of(memory).Blocks));
        using var populated = buffer.Map(populate: true); // the control
        Assert.Equal((1024L, 2048L), (ResidentKiB(populated), FileStatus.Of(memory).Blocks));
    }

    [Fact]
    public void A_lazily_committed_buffer_of_a_real_host_takes_no_memory_by_being_mapped()
    {
        using var host = new TestHost();
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var buffer = client.Allocate("plain", 1 << 20);
        Assert.False(buffer.Flags.HasFlag(BufferFlags.Resident));

        using var mapping = buffer.Map();

        Assert.Equal(0, FileStatus.Of(buffer.Handle).Blocks);
        mapping.Span[0] = 1;
        Assert.Equal(8, FileStatus.Of(buffer.Handle).Blocks); // the control: one page
    }

    [Fact]
    public void Of_a_batch_those_from_the_hosts_pool_are_mapped_with_all_their_pages_and_the_others_with_none()
    {
        using var host = new PooledHost(PooledHost.Fixed(2 << 20, 1 << 20));
        host.WaitFor(buffers: 2);
        using var client = DmaHeapClient.Connect(host.Test.SocketPath);

        using var batch = client.AllocateBatch("plain", [1 << 20, 4096, 1 << 20]);

        Assert.Equal([BufferFlags.Resident, BufferFlags.None, BufferFlags.Resident], batch.Select(buffer => buffer.Flags & BufferFlags.Resident));
        Assert.Equal([1024L, 0, 1024], batch.Select(buffer =>
        {
            using var mapping = buffer.Map();
            return ResidentKiB(mapping);
        }));
    }

    [Theory]
    [InlineData(HugePage, 0, HugePage)] // shorter than what is aligned anyway
    [InlineData(1 << 30, 0, 1 << 30)]
    [InlineData(HugePage, HugePage, HugePage)]
    public void A_mapping_is_aligned_to_the_buffers_pages(int pageSize, int offset, int length)
    {
        using var memory = FakeHost.Memory(_mark, 1L << 31);
        using var buffer = Allocated(memory, BufferFlags.None, pageSize);
        for (var i = 0; i < 4; i++) // by chance it would be every so often
        {
            using var mapping = buffer.Map(offset, length);
            Assert.Equal(0, mapping.Address % pageSize);
        }
    }

    [Fact]
    public void A_part_lies_in_huge_pages_as_it_does_in_the_buffer()
    {
        using var memory = FakeHost.Memory(_mark, 64 << 20);
        using var buffer = Allocated(memory, BufferFlags.None);
        var random = new Random(7);
        for (var i = 0; i < 100; i++)
        {
            var offset = random.Next(0, 1000) * 4096L;
            using var part = buffer.Map(offset, HugePage + (random.Next(0, 8000) * 1000L));
            Assert.Equal(offset % HugePage, part.Address % HugePage);
            part.Span[0] = part.Span[^1] = (byte)(i + 1);
            Assert.Equal([(byte)(i + 1)], Read(memory, offset));
        }
    }

    [Fact]
    public void A_buffer_of_huge_pages_is_mapped_and_written()
    {
        var pool = DmaHeap.Linux.HugePagePool.Read(HugePage);
        Assert.SkipUnless(pool is { Free: >= 2 }, "fewer than two pages of 2 MiB are reserved and free (vm.nr_hugepages)");
        using var host = new TestHost();
        host.Heap.OnAllocate = (request, _) => new HeapBuffer(host.Heap.Context.Memory.AllocatePages(new PageRequest { Length = request.Length, PageSize = HugePage }));
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var buffer = client.Allocate("plain", 2 * HugePage);
        Assert.Equal(HugePage, buffer.PageSize);

        using (var mapping = buffer.Map()) mapping.Span.Fill(1);
        using var second = buffer.Map(HugePage, HugePage);

        Assert.Equal(0, second.Address % HugePage);
        Assert.Equal(1, second.Span[^1]);
    }

    static byte[] Read(SafeFileHandle file, long offset)
    {
        var bytes = new byte[1];
        Assert.Equal(1, RandomAccess.Read(file, bytes, offset));
        return bytes;
    }

    SafeFileHandle Committed(long length)
    {
        var memory = FakeHost.Memory(_mark, length);
        Assert.Equal(Errno.None, FileSpace.TryAllocate(memory, 0, length));
        return memory;
    }

    static DmaBuffer Allocated(SafeFileHandle memory, BufferFlags flags, int pageSize = 4096)
    {
        using var host = FakeHost.PlayAfterHello(h => h.Allocated(h.Expect(MessageKind.Allocate), memory, flags, pageSize), out var socket);
        using var client = DmaHeapClient.Attach(socket);
        return client.Allocate("system", FileStatus.Of(memory).Length);
    }

    /// <summary>What of the mapping is in this process's page tables.</summary>
    static long ResidentKiB(DmaMapping mapping)
    {
        var start = mapping.Address.ToString("x", CultureInfo.InvariantCulture).PadLeft(8, '0') + "-";
        var line = File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.StartsWith(start, StringComparison.Ordinal)).First(line => line.StartsWith("Rss:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(4, line.Length - 7), NumberStyles.Integer, CultureInfo.InvariantCulture);
    }
}
