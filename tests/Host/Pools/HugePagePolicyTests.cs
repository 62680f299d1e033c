using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>The machine's policies of huge pages in shared memory: whichever holds, what a client is told is what the kernel says of its mapping. docs/memory.md has the table.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class HugePagePolicyTests
{
    private const long HugePage = 2 << 20, Length = 4 * HugePage;
    private static readonly int s_page = Environment.SystemPageSize;

    /// <summary>shmem_enabled, that of 2048kB, the way that leads to huge pages.</summary>
    public static TheoryData<string, string, Way> Policies => new()
    {
        { "never", "inherit", Way.Collapse },
        { "advise", "inherit", Way.Touch },
        { "within_size", "inherit", Way.Touch },
        { "always", "inherit", Way.Touch },
        { "force", "inherit", Way.Touch },
        { "never", "advise", Way.Touch },
        { "never", "within_size", Way.Touch },
        { "never", "always", Way.Touch },
        { "always", "advise", Way.Touch },
        { "never", "never", Way.None },
        { "deny", "inherit", Way.None },
        { "deny", "always", Way.None },
    };

    public enum Way
    {
        None,
        Touch,
        Collapse,
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task A_client_is_told_what_its_mapping_is_made_of(string all, string ofSize, Way way)
    {
        using var reserved = ReservedHugePages.TakeAll(); // they come first
        using var policy = new HugePagePolicy(all, ofSize);
        using var host = new PooledHost(PooledHost.Fixed(Length, Length), HeapPages.Auto);
        host.WaitFor(1);
        using var pooled = host.Allocate((ulong)Length);
        using var fresh = host.Allocate((ulong)Length, "fresh");

        Assert.Equal(1, host.Statistics.PoolHits);
        foreach (var buffer in new[] { pooled, fresh })
        {
            var isResident = way != Way.None || buffer == pooled;
            Assert.Equal((way == Way.None ? s_page : HugePage, isResident ? Length : 0), (buffer.PageSize, FileStatus.Of(buffer.Handle).Blocks * 512));
            Assert.Equal(isResident ? BufferFlags.Resident : BufferFlags.None, buffer.Flags & (BufferFlags.Resident | BufferFlags.Contiguous));
            Assert.Equal(way == Way.None ? 0 : Length, BytesMappedHuge(buffer.Handle, Length));
        }

        using var client = DmaHeapClient.Connect(host.Test.SocketPath);
        Assert.Equal([fresh.PageSize, pooled.PageSize], (await client.ListBuffersAsync()).OrderBy(one => one.Heap).Select(one => (long)one.PageSize));
        Assert.Equal(way == Way.None ? (0, Length) : (Length, 0), await PayersAsync(client, "fresh"));
        Assert.Equal((Length, 0), await PayersAsync(client, "plain"));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    [InlineData("always", "never", Way.None)] // gives huge pages to whoever writes: more than is told
    public void Whoever_cannot_do_without_is_refused_only_where_the_kernel_gives_none(string all, string ofSize, Way way)
    {
        using var reserved = ReservedHugePages.TakeAll(); // they come first
        using var policy = new HugePagePolicy(all, ofSize);
        using var host = new PooledHost(pool: null, HeapPages.Huge);
        if (way == Way.None)
        {
            var refusal = host.Test.Refused((ulong)Length);
            Assert.Equal((HeapErrno.NoMemory, HeapCause.NoHugePages), (refusal.Errno, refusal.Cause));
            Assert.Equal("4 pages of 2 MiB were asked for: too few are reserved and free (vm.nr_hugepages), and the kernel put none together", refusal.Message);
        }
        else
        {
            using var buffer = host.Allocate((ulong)Length);
            Assert.Equal((HugePage, Length), (buffer.PageSize, BytesMappedHuge(buffer.Handle, Length)));
        }

        host.Test.AssertNothingIsHeld();
    }

    [Theory]
    [MemberData(nameof(Policies))]
    [InlineData("always", "never", Way.None)] // gives huge pages to whoever writes: more than is told
    public void Pages_are_collapsed_only_where_touching_gives_none(string all, string ofSize, Way way)
    {
        using var policy = new HugePagePolicy(all, ofSize);
        var kernel = new WatchedKernel();
        using var file = Empty(Length);
        Assert.Equal(way != Way.None, kernel.TryPutTogether(file, Length));
        Assert.Equal(way == Way.Touch ? [MemoryAdvice.HugePage, MemoryAdvice.PopulateWrite] : [MemoryAdvice.HugePage, MemoryAdvice.Collapse], kernel.Advices);
    }

    /// <summary>An ordinary user's daemon is kept out of its own page table: it is not dumpable.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public async Task A_host_that_may_not_look_is_told_by_the_kernel(string all, string ofSize, Way way)
    {
        using var reserved = ReservedHugePages.TakeAll(); // they come first
        using var policy = new HugePagePolicy(all, ofSize);
        using var sandbox = new CliSandbox();
        sandbox.WriteConfiguration(""" "huge": { "plugin": "SystemHeap", "pages": "auto", "access": { "mode": "0666" } } """);
        using var host = sandbox.StartOther("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "serve", "--json");
        await host.PrintedAsync(CliSandbox.IsDocument);
        using var client = DmaHeapClient.Connect(sandbox.Socket);
        using var buffer = client.Allocate("huge", Length);
        Assert.Equal(way == Way.None ? s_page : HugePage, buffer.PageSize);
        Assert.Equal(way == Way.None ? 0 : Length, BytesMappedHuge(buffer.Handle, Length));
    }

    [Fact]
    public async Task Of_pages_that_nobody_touched_yet_only_the_least_is_told()
    {
        using var policy = new HugePagePolicy("always");
        using var host = new PooledHost(pool: null);
        using var buffer = host.Allocate((ulong)Length);
        Assert.Equal((s_page, BufferFlags.None, 0), (buffer.PageSize, buffer.Flags & BufferFlags.Resident, Bytes(buffer.Handle)));

        Assert.Equal(Length, BytesMappedHuge(buffer.Handle, Length));
        using var client = DmaHeapClient.Connect(host.Test.SocketPath);
        var listed = Assert.Single(await client.ListBuffersAsync());
        Assert.Equal((s_page, BufferFlags.None), (listed.PageSize, listed.Flags & BufferFlags.Resident));
    }

    private static async Task<(long Host, long Touchers)> PayersAsync(DmaHeapClient client, string heap)
    {
        var memory = (await client.StatisticsAsync(heap)).Memory;
        return (memory.HostPaidBytes, memory.ToucherPaidBytes);
    }

    private static SafeFileHandle Empty(long length)
    {
        Assert.Equal(Errno.None, Memfd.TryCreate("test", MemfdFlags.CloseOnExec, out var file));
        Assert.Equal(Errno.None, FileSpace.TrySetLength(file, length));
        return file;
    }

    private static long Bytes(SafeFileHandle file) => FileStatus.Of(file).Blocks * 512;

    // As the kernel tells it of a mapping like a client's, in both of the places where it does.
    private static long BytesMappedHuge(SafeFileHandle handle, long length)
    {
        using var mapping = MemoryMapping.Map(handle, 0, length, MapProtection.Read | MapProtection.Write, populate: true, alignment: HugePage);
        Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
        var told = HugeMappings.ReadFromSmaps(mapping);
        Assert.Equal(told, HugeMappings.CountBytes(mapping));
        return told;
    }

    private sealed class WatchedKernel() : HugePages(TimeProvider.System)
    {
        public List<MemoryAdvice> Advices { get; } = [];

        protected override Errno Advise(MemoryMapping mapping, MemoryAdvice advice)
        {
            Advices.Add(advice);
            return base.Advise(mapping, advice);
        }
    }
}
