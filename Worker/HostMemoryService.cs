using System.Collections.Concurrent;
using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>The host's memory service, asked over the socket. Thread-safe.</summary>
internal sealed class HostMemoryService(MemoryCapabilities capabilities, Upcalls upcalls) : IHeapMemoryService
{
    // What the host promised to the allocation under way on this thread, and the length it must be asked for; until it is taken.
    [ThreadStatic]
    private static MemoryPromise t_promise;

    [ThreadStatic]
    private static long t_length;

    // Its number, once it is.
    [ThreadStatic]
    private static ulong t_taken;

    private readonly ConcurrentDictionary<ulong, HostMemory> _memories = new();

    public MemoryCapabilities Capabilities => capabilities;

    /// <summary>The allocation that follows on this thread may have, once and without asking, what was promised.</summary>
    public static void BeginPromise(in MemoryPromise promise, long length) => (t_promise, t_length, t_taken) = (promise, length, 0);

    /// <summary>The allocation is over.</summary>
    /// <param name="returned">The number of the memory that its buffer is over; 0 where there is none.</param>
    public void EndPromise(ulong returned)
    {
        var taken = t_taken;
        BeginPromise(default, 0);
        if (taken != returned && _memories.ContainsKey(taken)) upcalls.Tell(to => to.Begin(WireKind.KeepMemory).Number(taken));
    }

    public IHeapMemory AllocatePages(in PageRequest request)
    {
        if (t_promise.Number != 0 && request.Length == t_length && request.PageSize == 0 && request.Commit == CommitPolicy.Lazy) return TakePromised();
        var asked = request;
        return upcalls.Ask(to => to.Begin(WireKind.AllocatePages).Long(asked.Length).Long(asked.PageSize).Int((int)asked.Commit), Read);
    }

    public IHeapMemory AllocateOpaque(in OpaqueRequest request)
    {
        var asked = request;
        return upcalls.Ask(to => to.Begin(WireKind.AllocateOpaque).Long(asked.Length).Int((int)asked.Backing), Read);
    }

    public IMemoryRegion OpenRegion(in RegionRequest request)
    {
        var asked = request;
        return upcalls.Ask(
            to => to.Begin(WireKind.OpenRegion).Text(asked.Path).Long(asked.Offset).Long(asked.Length),
            (from, _) => new HostRegion(from.Number(), asked.Path, from.Long(), from.Long(), upcalls));
    }

    public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length)
    {
        if (region is HostRegion own) return upcalls.Ask(to => to.Begin(WireKind.AllocateRange).Number(own.Number).Long(offset).Long(length), Read);
        throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it asked for a range of a region that is not of the host's memory service");
    }

    /// <summary>Memory that the heap was given before.</summary>
    public HostMemory Find(ulong number) => _memories.TryGetValue(number, out var memory) ? memory : throw new WireException($"named memory {number}, which is not there");

    /// <summary>A buffer is gone, and its memory is the host's to free.</summary>
    public void Forget(ulong number) => _memories.TryRemove(number, out _);

    private HostMemory TakePromised()
    {
        var promise = t_promise;
        (t_promise, t_taken) = (default, promise.Number);
        return Add(promise.Number, promise.Length, promise.PageSize, MemoryKind.Pages);
    }

    private HostMemory Read(WireReader from, Channel channel) => Add(from.Number(), from.Long(), from.Long(), (MemoryKind)from.Int());

    private HostMemory Add(ulong number, long length, long pageSize, MemoryKind kind) =>
        _memories[number] = new HostMemory(number, length, pageSize, kind, upcalls, Forget);
}
