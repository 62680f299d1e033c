using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>A memory service without a host around it.</summary>
internal static class TestMemory
{
    public static MemoryService Service()
    {
        var (headroom, hugePages) = (new Headroom(), new HugePages(TimeProvider.System));
        var pools = new PagePools(hugePages, headroom, TimeProvider.System, NullLogger.Instance);
        var statistics = new HeapStatistics();
        return new MemoryService(
            "test", MachineCapabilities.Probe(), new PageFiles(headroom, hugePages), pools, pools.Open("test", statistics), new RecycleStore("test", statistics, TimeProvider.System));
    }

    public static SafeFileHandle OpenForImporter(HostMemory memory, DataDirection direction)
    {
        var opened = new ReusableDescriptor();
        memory.OpenForImporter(direction, shown: null, opened);
        return opened.ToFileHandle();
    }
}
