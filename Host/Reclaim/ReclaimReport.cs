namespace DmaHeap.Hosting.Reclaim;

/// <summary>Why memory is given back.</summary>
internal enum ReclaimReason
{
    /// <summary>An allocation would fail otherwise.</summary>
    Allocation,

    /// <summary>Somebody asked for it.</summary>
    Asked,

    /// <summary>The kernel tells that programs wait for memory.</summary>
    Pressure,

    /// <summary>The machine, or a control group of the host's, has little left.</summary>
    Limit,
}

/// <summary>What became of asking one source.</summary>
internal enum ReclaimResult
{
    /// <summary>It answered.</summary>
    Done,

    /// <summary>It threw, or said what cannot be.</summary>
    Failed,

    /// <summary>It was asked already and did not come back meanwhile.</summary>
    Busy,

    /// <summary>It did not come back in time, and its heap is faulted.</summary>
    Stuck,
}

/// <summary>One source that was asked.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Count">Bytes it said it could give, before.</param>
/// <param name="Wanted">Bytes it was asked for.</param>
/// <param name="Given">Bytes it gave, as far as the host believes it.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Result">What became of it.</param>
internal readonly record struct ReclaimStep(string Source, long Count, long Wanted, long Given, TimeSpan Elapsed, ReclaimResult Result);

/// <summary>Who gave what, in the order in which they were asked.</summary>
/// <param name="At">When it began.</param>
/// <param name="Reason">Why.</param>
/// <param name="Wanted">Bytes that were wanted at first; <see cref="long.MaxValue"/> for all there is.</param>
/// <param name="Steps">Those who had something, or failed.</param>
internal sealed record ReclaimReport(DateTimeOffset At, ReclaimReason Reason, long Wanted, IReadOnlyList<ReclaimStep> Steps)
{
    public long Given { get; } = Steps.Sum(step => step.Given);

    /// <summary>As the log has it: "pools 8 MiB, heap a 4 KiB (of 8 KiB)".</summary>
    public override string ToString() => string.Join(", ", Steps.Select(Text));

    private static string Text(ReclaimStep step) => step.Result switch
    {
        ReclaimResult.Done => $"{step.Source} {Size(step.Given)} of {Size(step.Count)}",
        ReclaimResult.Busy => $"{step.Source} was busy",
        ReclaimResult.Stuck => $"{step.Source} did not come back",
        _ => $"{step.Source} failed",
    };

    private static string Size(long bytes) => new ByteSize(bytes).ToText();
}
