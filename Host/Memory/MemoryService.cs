using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Memory;

/// <summary>The memory service as one heap sees it.</summary>
/// <param name="heapName">The heap's name.</param>
/// <param name="capabilities">What the machine can give.</param>
/// <param name="files">Makes what is not ready.</param>
/// <param name="pools">Where the heap's pool is closed.</param>
/// <param name="pool">The heap's own.</param>
/// <param name="relief">Asked before something fails for lack of memory; null where there is nobody to ask.</param>
internal sealed class MemoryService(string heapName, MemoryCapabilities capabilities, PageFiles files, PagePools pools, PagePool pool, Relief? relief = null) : IHeapMemoryService
{
    // The buffer name the allocation under way on this thread was asked with, so that /proc shows it: a heap need not pass it on.
    [ThreadStatic]
    private static string? t_bufferName;

    private volatile HeapPages _pages;

    public MemoryCapabilities Capabilities => capabilities;

    /// <summary>What is kept ready for the heap.</summary>
    public PagePool Pool => pool;

    /// <summary>Says, for the allocation that follows on this thread, how the caller named the buffer.</summary>
    public static void SetBufferName(string? name) => t_bufferName = name;

    /// <summary>Heap and buffer name, as they are seen in /proc/PID/fd.</summary>
    public static string ShownName(string heapName, string? bufferName) => string.IsNullOrEmpty(bufferName) ? heapName : $"{heapName}:{bufferName}";

    /// <summary>Goes by what a definition says of memory, from now on.</summary>
    public void Redefine(HeapDefinition definition)
    {
        _pages = definition.Pages;
        pool.Configure(definition.Pool, definition.Pages);
    }

    /// <summary>Keeps nothing ready any more. Who is still at the heap gets memory as before.</summary>
    public void Close() => pools.Close(pool);

    public IHeapMemory AllocatePages(in PageRequest request)
    {
        var choice = PageChoices.Of(in request, _pages, capabilities);
        var length = RoundUp(request.Length, choice.GranuleOf());
        if (pool.TryTake(new PoolKey(length, choice, t_bufferName ?? "")) is { } ready) return ready;
        var fill = request.Commit == CommitPolicy.Committed ? PageFill.Taken : PageFill.Lazy;
        try
        {
            return Make(length, choice, fill);
        }
        catch (HeapException shortage) when (relief is not null)
        {
            if (!relief.WithinHeap(shortage, length)) throw;
            return Make(length, choice, fill);
        }
    }

    public IHeapMemory AllocateOpaque(in OpaqueRequest request) => OpaqueMemory.Create(in request, RoundUp(request.Length, capabilities.PageSize));

    public IMemoryRegion OpenRegion(in RegionRequest request) => MemoryRegion.Open(in request);

    public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length)
    {
        if (region is MemoryRegion own) return own.Take(offset, length);
        throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it asked for a range of a region that is not of the host's memory service");
    }

    private PageMemory Make(long length, PageChoice choice, PageFill fill) => new(files.Make(ShownName(heapName, t_bufferName), length, choice, fill));

    private static long RoundUp(long length, long pageSize)
    {
        if (length <= 0 || length > long.MaxValue - pageSize)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadLength, $"{length} bytes cannot be allocated");
        }

        return (length + pageSize - 1) / pageSize * pageSize;
    }
}
