namespace DmaHeap.Bench;

/// <summary>Benchmarks that belong together, and are run alone by naming them.</summary>
sealed record Part(string Name, string What, Action<Workbench> Run)
{
    /// <summary>All there are, in the order they are run.</summary>
    public static IReadOnlyList<Part> All { get; } =
    [
        new("host", "allocate and free, alone, in batches, by several clients", TripPart.Run),
        new("import", "attach, map, unmap and detach", ImportTrips.Run),
        new("memory", "buffers that are ready to write, from pools and huge pages", MemoryPart.Run),
        new("client", "a pool of the client's own", ClientPool.Run),
        new("live", "many live buffers, and the host's own memory", LivePart.Run),
        new("endurance", "a million buffers, and a host that is killed", EndurancePart.Run),
        new("isolation", "a heap in a worker process", IsolatedTrips.Run),
        new("exec", "programs under dmaheap exec", ExecPart.Run),
    ];
}
