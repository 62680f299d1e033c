using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Memory;

/// <summary>The memory service as one heap sees it.</summary>
internal sealed class MemoryService(string heapName, MemoryCapabilities capabilities, Headroom headroom, Relief? relief = null) : IHeapMemoryService
{
    // The buffer name the allocation under way on this thread was asked with, so that /proc shows it: a heap need not pass it on.
    [ThreadStatic]
    private static string? t_bufferName;

    public MemoryCapabilities Capabilities => capabilities;

    /// <summary>Says, for the allocation that follows on this thread, how the caller named the buffer.</summary>
    public static void SetBufferName(string? name) => t_bufferName = name;

    public IHeapMemory AllocatePages(in PageRequest request)
    {
        var pageSize = request.PageSize == 0 ? capabilities.PageSize : request.PageSize;
        if (pageSize != capabilities.PageSize && capabilities.HugePages.All(pool => pool.PageSize != pageSize))
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoHugePages, $"this machine has no pages of {new ByteSize(pageSize).ToText()}");
        }

        var length = RoundUp(request.Length, pageSize);
        try
        {
            return Take(length, pageSize, request.Commit);
        }
        catch (HeapException shortage) when (relief is not null)
        {
            if (!relief.WithinHeap(shortage, length)) throw;
            return Take(length, pageSize, request.Commit);
        }
    }

    public IHeapMemory AllocateOpaque(in OpaqueRequest request) =>
        OpaqueMemory.Create(in request, RoundUp(request.Length, capabilities.PageSize));

    public IMemoryRegion OpenRegion(in RegionRequest request) => MemoryRegion.Open(in request);

    public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length)
    {
        if (region is MemoryRegion own) return own.Take(offset, length);
        throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it asked for a range of a region that is not of the host's memory service");
    }

    /// <summary>Heap and buffer name, as it is seen in /proc/PID/fd.</summary>
    public string ShownName() => string.IsNullOrEmpty(t_bufferName) ? heapName : $"{heapName}:{t_bufferName}";

    private PageMemory Take(long length, long pageSize, CommitPolicy policy)
    {
        var huge = pageSize != capabilities.PageSize;
        var commit = huge || policy == CommitPolicy.Committed;
        if (commit && !huge) headroom.ThrowIfLess(length);
        return PageMemory.Create(ShownName(), length, pageSize, commit);
    }

    private static long RoundUp(long length, long pageSize)
    {
        if (length <= 0 || length > long.MaxValue - pageSize)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadLength, $"{length} bytes cannot be allocated");
        }

        return (length + pageSize - 1) / pageSize * pageSize;
    }
}
