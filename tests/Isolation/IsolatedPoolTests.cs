using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A heap in a worker process asks the host for its memory, and gets what is ready.</summary>
public sealed class IsolatedPoolTests
{
    private const int Length = 8192;

    [Fact]
    public void Memory_that_is_ready_goes_to_a_heap_in_a_worker_as_well_and_outlives_the_worker()
    {
        using var heaps = new IsolatedHeaps(System("64KiB"));
        var pool = Slot(heaps).Memory!.Pool;
        Eventually.True(() => pool.Buffers == 8, "the pool is not filled");
        using (var buffer = heaps.Allocate("system"))
        {
            Assert.Equal((1, BufferFlags.Resident), (Slot(heaps).Statistics.PoolHits, buffer.Flags & BufferFlags.Resident));
            Assert.Equal((Length / 512, "/memfd:system (deleted)"), (FileStatus.Of(buffer.Handle).Blocks, DescriptorName.TryRead(buffer.Handle)));
            var worker = heaps.Worker("system");
            IsolatedHeaps.Kill(worker);
            heaps.WaitForAnother("system", worker);
            Assert.True(pool.Buffers >= 7, $"{pool.Buffers} are ready: {string.Join('\n', heaps.Host.Log)}");
        }

        heaps.Allocate("system").Dispose();
        Assert.Equal(2, Slot(heaps).Statistics.PoolHits);
        heaps.Host.AssertNothingIsHeld("system");
    }

    [Fact]
    public void Its_pages_and_pool_change_with_the_configuration_while_its_worker_runs_on()
    {
        using var heaps = new IsolatedHeaps(System("64KiB"));
        var (worker, pool) = (heaps.Worker("system"), Slot(heaps).Memory!.Pool);
        Eventually.True(() => pool.Buffers == 8, "the pool is not filled");
        heaps.Configure(System("16KiB"));
        Assert.Equal(1, heaps.Host.Host.Core.Changes.Reload().Changed);
        Eventually.True(() => pool.Buffers == 2, "the pool does not follow the configuration");
        heaps.Configure(""" "system": { "plugin": "SystemHeap", "isolation": "process", "pages": "auto" } """);
        Assert.Equal(1, heaps.Host.Host.Core.Changes.Reload().Changed);
        Assert.Equal((0, worker), (pool.Buffers, heaps.Worker("system")));
        using var small = heaps.Allocate("system");
        Assert.Equal((long)Environment.SystemPageSize, small.PageSize);
    }

    [Fact]
    public void A_heap_that_is_replaced_takes_its_pool_along()
    {
        using var heaps = new IsolatedHeaps(System("64KiB"));
        var before = Slot(heaps).Memory!.Pool;
        Eventually.True(() => before.Buffers == 8, "the pool is not filled");
        heaps.Host.Host.Core.Changes.Restart("system");
        var after = Slot(heaps).Memory!.Pool;
        Assert.NotSame(before, after);
        Assert.Equal(0, before.Buffers);
        Eventually.True(() => after.Buffers == 8, "the new heap's pool is not filled");
        Assert.DoesNotContain(before, heaps.Host.Host.Core.Pools.All);
    }

    private static string System(string min) =>
        $$""" "system": { "plugin": "SystemHeap", "isolation": "process", "pool": { "min": "{{min}}", "sizes": [{{Length}}] } } """;

    private static Hosting.Heaps.HeapSlot Slot(IsolatedHeaps heaps) => heaps.Host.Host.Core.Registry.Find("system");
}
