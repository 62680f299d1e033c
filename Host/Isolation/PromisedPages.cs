using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// Pages that a heap in a worker may take in one allocation without asking. They are made when they are needed first, mostly when the heap has returned a buffer over them: so a promise
/// that no heap takes costs nothing and is counted nowhere. Only what can hardly fail is promised: the machine's own pages, none of them taken yet. Thread-safe.
/// </summary>
internal sealed class PromisedPages
{
    private readonly Lock _lock = new();
    private readonly IHeapMemoryService _service;
    private readonly PageRequest _request;
    private IHeapMemory? _made;

    private PromisedPages(IHeapMemoryService service, in PageRequest request) => (_service, _request) = (service, request);

    public long PageSize => _request.PageSize;

    /// <summary>Bytes, in whole pages.</summary>
    public long Length => (_request.Length + PageSize - 1) / PageSize * PageSize;

    /// <summary>Whether the heap has it beyond the call that it was promised for. Under the lock of <see cref="WorkerMemory"/>.</summary>
    public bool IsKept { get; set; }

    /// <summary>What a heap that asks for as much as was asked of it can be promised; null where that is not certain.</summary>
    public static PromisedPages? For(in AllocationRequest request, IHeapMemoryService service)
    {
        var pageSize = service.Capabilities.PageSize;
        if (request.Commit != CommitPolicy.Lazy || request.Length <= 0 || request.Length > long.MaxValue - pageSize) return null;

        // The machine's own are what a heap gets that names no size, but for what the host's configuration says.
        if (service is MemoryService configured && !configured.GivesMachinePages(request.Length)) return null;
        return new PromisedPages(service, new PageRequest { Length = request.Length, PageSize = pageSize });
    }

    /// <summary>The memory itself, always the same.</summary>
    /// <exception cref="HeapException">It cannot be had.</exception>
    public IHeapMemory Make()
    {
        lock (_lock) return _made ??= _service.AllocatePages(in _request);
    }
}
