namespace DmaHeap.Hosting.Isolation;

/// <summary>What a message between a host and its worker is. Both are of one build, so numbers may change from one to the next.</summary>
internal enum WireKind : byte
{
    // Host to worker, on the control socket; none is answered.
    OpenLane = 1,
    OpenUpcalls = 2,
    Cancel = 3,
    Stopping = 4,

    // Host to worker, on a lane; each is answered by one of the replies.
    Start = 10,
    Allocate = 11,
    Release = 12,
    Attach = 13,
    Detach = 14,
    Map = 15,
    Unmap = 16,
    BeginCpuAccess = 17,
    EndCpuAccess = 18,
    Vmap = 19,
    Vunmap = 20,
    ReadGauges = 21,
    ShrinkerCount = 22,
    ShrinkerScan = 23,
    ReadJournal = 24,
    End = 25,

    // Either way: the answer to a call or request.
    Done = 40,
    Refused = 41,
    Cancelled = 42,
    Failed = 43,

    /// <summary>Part of an answer; more of it follows.</summary>
    More = 44,

    // Worker to host, on a lane during a call or on the upcall socket; answered by Done or Refused.
    AllocatePages = 60,
    AllocateOpaque = 61,
    OpenRegion = 62,
    AllocateRange = 63,
    OpenDescriptor = 64,
    Statistics = 65,

    // Worker to host; not answered.
    DisposeMemory = 70,
    DisposeRegion = 71,
    Log = 72,
    KeepMemory = 73,
}
