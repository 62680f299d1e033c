using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Memory;

/// <summary>The memory service as one heap sees it.</summary>
/// <param name="heapName">The heap's name.</param>
/// <param name="capabilities">What the machine can give.</param>
/// <param name="files">Makes what is not ready.</param>
/// <param name="pools">Where the heap's pool is closed.</param>
/// <param name="pool">The heap's own.</param>
/// <param name="recycled">What the heap's clients gave back.</param>
/// <param name="relief">Asked before something fails for lack of memory; null where there is nobody to ask.</param>
internal sealed class MemoryService(string heapName, MemoryCapabilities capabilities, PageFiles files, PagePools pools, PagePool pool, RecycleStore recycled, Relief? relief = null) : IHeapMemoryService
{
    // The buffer name the allocation under way on this thread was asked with, so that /proc shows it: a heap need not pass it on.
    [ThreadStatic]
    private static string? t_bufferName;

    // On whose behalf it is, where that matters.
    [ThreadStatic]
    private static TrustDomain? t_domain;

    private volatile HeapPages _pages;
    private volatile RecycleTicket? _lastTicket;

    public MemoryCapabilities Capabilities => capabilities;

    /// <summary>What is kept ready for the heap.</summary>
    public PagePool Pool => pool;

    /// <summary>Whether it matters on whose behalf it is asked.</summary>
    public bool Recycles => recycled.IsOn;

    /// <summary>Whether so many bytes, asked for without a page size, come in the machine's own pages.</summary>
    public bool GivesMachinePages(long length) => PageChoices.Of(_pages, length) == PageChoice.Machine;

    /// <summary>What clients gave back.</summary>
    public RecycleStore Recycled => recycled;

    /// <summary>Says, for the allocation that follows on this thread, how the caller named the buffer, and who it is.</summary>
    public static void BeginAllocation(string name, TrustDomain? domain) => (t_bufferName, t_domain) = (name, domain);

    /// <summary>The allocation is over.</summary>
    public static void EndAllocation() => (t_bufferName, t_domain) = (null, null);

    /// <summary>Heap and buffer name, as they are seen in /proc/PID/fd.</summary>
    public static string ShownName(string heapName, string? bufferName) => ShownNames.Of(heapName, bufferName);

    /// <summary>Goes by what a definition says of memory, from now on.</summary>
    public void Redefine(HeapDefinition definition)
    {
        _pages = definition.Pages;
        pool.Configure(definition.Pool, definition.Pages);
        recycled.Set(definition.Recycle == HeapRecycling.Domain);
    }

    /// <summary>Keeps nothing ready any more. Who is still at the heap gets memory as before.</summary>
    public void Close()
    {
        pools.Close(pool);
        recycled.Set(isOn: false);
    }

    public IHeapMemory AllocatePages(in PageRequest request) => Pages(in request).Keep();

    public HeapBuffer AllocateBuffer(in PageRequest request) => Pages(in request).Plain;

    private PageMemory Pages(in PageRequest request)
    {
        var choice = PageChoices.Of(in request, _pages, capabilities);
        var length = RoundUp(request.Length, choice.GranuleOf());
        var key = new PoolKey(length, choice, t_bufferName ?? "");
        var ticket = recycled.IsOn && t_domain is { } domain ? TicketOf(domain, in key) : null;
        if (ticket is not null && recycled.TryTake(ticket.Domain, in key) is { } again) return again;
        var memory = pool.TryTake(in key) ?? Make(in request, length, choice);
        memory.Ticket = ticket;
        return memory;
    }

    public IHeapMemory AllocateOpaque(in OpaqueRequest request) => OpaqueMemory.Create(in request, RoundUp(request.Length, capabilities.PageSize));

    public IMemoryRegion OpenRegion(in RegionRequest request) => MemoryRegion.Open(in request);

    public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length)
    {
        if (region is MemoryRegion own) return own.Take(offset, length);
        throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it asked for a range of a region that is not of the host's memory service");
    }

    private PageMemory Make(in PageRequest request, long length, PageChoice choice)
    {
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

    private PageMemory Make(long length, PageChoice choice, PageFill fill)
    {
        var memory = pool.NewPiece();
        memory.Begin(files.Make(ShownName(heapName, t_bufferName), length, choice, fill, memory.File));
        return memory;
    }

    // The same as the last time, more often than not.
    private RecycleTicket TicketOf(TrustDomain domain, in PoolKey key) =>
        _lastTicket is { } last && last.Key == key && last.Domain == domain ? last : _lastTicket = new RecycleTicket(recycled, domain, key);

    private static long RoundUp(long length, long pageSize)
    {
        if (length <= 0 || length > long.MaxValue - pageSize)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadLength, $"{length} bytes cannot be allocated");
        }

        return (length + pageSize - 1) / pageSize * pageSize;
    }
}
