namespace DmaHeap.Testing;

/// <summary>Something a program did to a buffer that a machine whose device does not see the CPU's caches would not forgive. Immutable.</summary>
public sealed record SyncFault
{
    internal SyncFault()
    {
    }

    /// <summary>What was skipped.</summary>
    public required SyncFaultKind Kind { get; init; }

    /// <summary>Name of the buffer, or its number where it has none.</summary>
    public required string Buffer { get; init; }

    /// <summary>
    /// First byte written, or first page that a read brought in, in bytes from the buffer's start; -1 where it is not about one. Where there is stale data to read, a read brings
    /// in up to 64 KiB around it.
    /// </summary>
    public long Offset { get; init; } = -1;

    /// <summary>
    /// Who did it, or may have: of a skipped begin those who had the page in their page table when it was noticed, or else, and with <see cref="OutsideAccess.Nothing"/>, had the
    /// buffer mapped, else had a descriptor of it; of the rest whoever began the access. Empty when they were gone, or belong to users that this process may not look at.
    /// </summary>
    public required IReadOnlyList<SyncProcess> Processes { get; init; }

    /// <summary>The whole as a sentence.</summary>
    public override string ToString() => $"{Who()} {What()}";

    private string Who() => Processes.Count == 0 ? "A process that is gone or hidden" : string.Join(" or ", Processes);

    private string What() => Kind switch
    {
        SyncFaultKind.ReadWithoutBegin => $"read {Buffer} (from page {Offset} on) without beginning CPU access: what it saw is not what the device wrote",
        SyncFaultKind.WroteWithoutBegin => $"wrote {Buffer} (byte {Offset}) without beginning CPU access: the device never gets it",
        SyncFaultKind.WroteWhileReading => $"wrote {Buffer} (byte {Offset}) in CPU access that it had begun for reading: the device never gets it",
        SyncFaultKind.NotEnded => $"had not ended its CPU access to {Buffer} when the device used it",
        _ => $"went without ending its CPU access to {Buffer}: what it wrote is lost",
    };
}

/// <summary>A process, as it was when it was looked at.</summary>
/// <param name="Id">Process id.</param>
/// <param name="Name">Name of its program, as in <c>/proc/PID/comm</c>; empty when unknown.</param>
public readonly record struct SyncProcess(int Id, string Name)
{
    /// <summary>Name and id.</summary>
    public override string ToString() => Name.Length == 0 ? $"process {Id}" : $"{Name} ({Id})";
}

/// <summary>What a program skipped.</summary>
public enum SyncFaultKind
{
    /// <summary>It read through a mapping outside of CPU access.</summary>
    ReadWithoutBegin = 0,

    /// <summary>It wrote outside of CPU access.</summary>
    WroteWithoutBegin = 1,

    /// <summary>It wrote in CPU access for reading alone.</summary>
    WroteWhileReading = 2,

    /// <summary>The device used the buffer while its CPU access went on.</summary>
    NotEnded = 3,

    /// <summary>It exited, or closed its connection, before the end of its CPU access.</summary>
    Died = 4,
}
