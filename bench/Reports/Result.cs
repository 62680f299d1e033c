namespace DmaHeap.Bench;

/// <summary>What became of one piece of work.</summary>
enum Verdict
{
    /// <summary>Every figure is where it should be.</summary>
    Met,

    /// <summary>One is not.</summary>
    Missed,

    /// <summary>There is no target.</summary>
    Information,

    /// <summary>This machine lacks what it takes; the note says what.</summary>
    Skipped,

    /// <summary>It could not be measured; the note says why. Counts as missed.</summary>
    Failed,
}

/// <summary>One line of the report.</summary>
sealed record Result(string Work)
{
    public Side? Ours { get; init; }

    /// <summary>What it is measured against, in the same run.</summary>
    public IReadOnlyList<Side> Against { get; init; } = [];

    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>How it was measured where that is not plain, or why it was not.</summary>
    public string Note { get; init; } = "";

    public Verdict Verdict => Unmeasured
        ?? (Figures.All(figure => figure.Target is null) ? Verdict.Information : Figures.Any(figure => figure.Missed) ? Verdict.Missed : Verdict.Met);

    Verdict? Unmeasured { get; init; }

    public static Result Skip(string work, string why) => new(work) { Unmeasured = Verdict.Skipped, Note = why };

    public static Result Fail(string work, string why) => new(work) { Unmeasured = Verdict.Failed, Note = why };

    public string ShowVerdict() => Verdict switch
    {
        Verdict.Met => "met",
        Verdict.Missed => "missed " + string.Join(", ", Figures.Where(figure => figure.Missed).Select(figure => figure.Miss)),
        Verdict.Skipped => "skipped",
        Verdict.Failed => "failed",
        _ => "",
    };
}
