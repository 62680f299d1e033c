using System.Collections.Concurrent;
using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>The host's memory service, asked over the socket. Thread-safe.</summary>
internal sealed class HostMemoryService(MemoryCapabilities capabilities, Upcalls upcalls) : IHeapMemoryService
{
    private readonly ConcurrentDictionary<ulong, HostMemory> _memories = new();

    public MemoryCapabilities Capabilities => capabilities;

    public IHeapMemory AllocatePages(in PageRequest request)
    {
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

    private HostMemory Read(WireReader from, Channel channel)
    {
        var memory = new HostMemory(from.Number(), from.Long(), from.Long(), (MemoryKind)from.Int(), upcalls, Forget);
        _memories[memory.Number] = memory;
        return memory;
    }
}
