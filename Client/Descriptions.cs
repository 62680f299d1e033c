using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>The host at the other end, as it introduced itself.</summary>
/// <param name="MajorVersion">Major version of the protocol, the same as this client's.</param>
/// <param name="MinorVersion">Minor version of the host's protocol.</param>
/// <param name="Epoch">Identifies this run of the host.</param>
/// <param name="PageSize">The machine's page size in bytes.</param>
/// <param name="ProcessId">The host's process, as it sees itself.</param>
/// <param name="MaxDescriptors">Most buffers one request can bring.</param>
/// <param name="Connection">Number of this connection in the host's log; 0 where the host does not number them.</param>
public sealed record HostInfo(int MajorVersion, int MinorVersion, ulong Epoch, int PageSize, int ProcessId, int MaxDescriptors, ulong Connection = 0);

/// <summary>A heap, or an alias of one.</summary>
/// <param name="Name">Name or alias.</param>
/// <param name="AliasOf">The heap's name when this is an alias; else empty.</param>
/// <param name="Plugin">Name of the plugin.</param>
/// <param name="State">Whether it can be used.</param>
/// <param name="Traits">What its buffers can be relied on for.</param>
/// <param name="Reason">Why it cannot be used; empty when it can.</param>
public sealed record HeapInfo(string Name, string AliasOf, string Plugin, HeapState State, HeapTraits Traits, string Reason);

/// <summary>What buffers of a heap can be relied on for.</summary>
[Flags]
public enum HeapTraits : uint
{
    /// <summary>Nothing is promised.</summary>
    None = 0,

    /// <summary>They can be mapped.</summary>
    CpuMappable = 1,

    /// <summary>They are zero when handed out.</summary>
    ZeroFilled = 2,

    /// <summary>They come from a region of fixed size.</summary>
    FixedCapacity = 4,

    /// <summary>They cannot be mapped, read or written.</summary>
    Unmappable = 8,
}

/// <summary>A live buffer, as the host knows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Heap">Its heap.</param>
/// <param name="Name">Its name; may be empty.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Age">Since its allocation.</param>
/// <param name="Flags">What it is.</param>
/// <param name="PageSize">Bytes of each page.</param>
/// <param name="UserId">User who allocated it.</param>
/// <param name="ProcessId">Process that allocated it; it may be gone.</param>
/// <param name="Attachments">Importers attached.</param>
public sealed record BufferInfo(
    BufferId Id, string Heap, string Name, long Length, TimeSpan Age, BufferFlags Flags, int PageSize, uint UserId, int ProcessId, int Attachments);

/// <summary>Counters of a heap, or of the host as a whole.</summary>
/// <param name="Buffers">Buffers alive.</param>
/// <param name="Bytes">Bytes alive.</param>
/// <param name="PeakBytes">Most bytes alive at one time.</param>
/// <param name="Allocations">Allocations that succeeded.</param>
/// <param name="Releases">Buffers released.</param>
/// <param name="Failures">Allocations that failed.</param>
/// <param name="LimitBytes">Limit in bytes; 0 for none.</param>
/// <param name="Gauge">The state of the heap's region; null for heaps without one.</param>
/// <param name="FailuresByCause">How many allocations failed for each cause.</param>
public sealed record HeapStatistics(
    long Buffers, long Bytes, long PeakBytes, long Allocations, long Releases, long Failures, long LimitBytes, HeapGauge? Gauge,
    IReadOnlyDictionary<string, long> FailuresByCause)
{
    /// <summary>What is ready for the next buffers, and who pays for those that live.</summary>
    public HeapMemoryStatistics Memory { get; init; } = new();
}

/// <summary>The memory of a heap's buffers, of those to come and of those alive.</summary>
public sealed record HeapMemoryStatistics
{
    /// <summary>Bytes of memory that is ready for the next buffers; charged to the host and to no user.</summary>
    public long PoolBytes { get; init; }

    /// <summary>How many buffers that is.</summary>
    public long PoolBuffers { get; init; }

    /// <summary>Buffers that were ready when they were asked for.</summary>
    public long PoolHits { get; init; }

    /// <summary>Buffers that a pool is for, and that were not.</summary>
    public long PoolMisses { get; init; }

    /// <summary>Bytes ever made ready.</summary>
    public long PoolFilledBytes { get; init; }

    /// <summary>Bytes of them that went back to the system unused.</summary>
    public long PoolGivenBackBytes { get; init; }

    /// <summary>Bytes alive that are charged to the host's control group: committed, from a pool, or of huge pages.</summary>
    public long HostPaidBytes { get; init; }

    /// <summary>Bytes alive whose pages are charged to the control group of whoever touches each first.</summary>
    public long ToucherPaidBytes { get; init; }

    /// <summary>Buffers whose file one of the same trust domain had before, and gave back.</summary>
    public long Recycled { get; init; }
}

/// <summary>The region of a heap of fixed size.</summary>
/// <param name="Capacity">Its size in bytes.</param>
/// <param name="Free">Bytes not handed out.</param>
/// <param name="LargestRun">Longest free run in bytes.</param>
public readonly record struct HeapGauge(long Capacity, long Free, long LargestRun);

/// <summary>A part of a heap's journal.</summary>
/// <param name="Lines">Lines in order, each a JSON object.</param>
/// <param name="Last">Number of the last of them, to read on from.</param>
/// <param name="Dropped">Lines after the one asked for that the heap did not keep; they came before these.</param>
/// <param name="More">Whether asking on would bring more at once.</param>
public sealed record JournalPage(IReadOnlyList<string> Lines, long Last, long Dropped, bool More);

/// <summary>What a reload did, in numbers of heaps.</summary>
/// <param name="Added">New.</param>
/// <param name="Removed">Taken out.</param>
/// <param name="Replaced">Started anew, for their plugin or their options changed.</param>
/// <param name="Changed">Going on by other names, limits or access.</param>
/// <param name="Unchanged">Not touched.</param>
public sealed record ReloadResult(long Added, long Removed, long Replaced, long Changed, long Unchanged);

/// <summary>One source of memory that was asked to give some back.</summary>
/// <param name="Source">What it is: <c>recycled of NAME</c>, <c>pool of NAME</c>, or <c>heap NAME</c> for what the heap itself keeps.</param>
/// <param name="Count">Bytes it said it could give, before it was asked.</param>
/// <param name="Wanted">Bytes it was asked for.</param>
/// <param name="Given">Bytes it gave back.</param>
/// <param name="Elapsed">How long that took.</param>
/// <param name="Result">What became of it.</param>
public sealed record ShrinkStep(string Source, long Count, long Wanted, long Given, TimeSpan Elapsed, ShrinkResult Result);
