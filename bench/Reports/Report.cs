namespace DmaHeap.Bench;

/// <summary>What one part of the benchmarks came to.</summary>
sealed record Section(string Part, string What)
{
    public List<Result> Results { get; } = [];

    public List<Curve> Curves { get; } = [];
}

/// <summary>One run: what was measured, on what, and how busy that was.</summary>
/// <param name="Begun">When.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Quick">Whether it was a short one, whose figures are rough.</param>
/// <param name="Machine">What it ran on, by name and value.</param>
/// <param name="Warnings">What makes the figures less worth.</param>
/// <param name="Sections">By part.</param>
sealed record Report(
    DateTimeOffset Begun, TimeSpan Took, bool Quick, IReadOnlyList<(string Name, string Value)> Machine, IReadOnlyList<string> Warnings, IReadOnlyList<Section> Sections)
{
    public IEnumerable<Result> Results => Sections.SelectMany(section => section.Results);

    public IEnumerable<Curve> Curves => Sections.SelectMany(section => section.Curves);

    public bool Met => !Results.Any(result => result.Verdict is Verdict.Missed or Verdict.Failed);

    /// <summary>One sentence on all targets.</summary>
    public string Sum()
    {
        var counts = Results.CountBy(result => result.Verdict).ToDictionary();
        string[] parts = [Count(Verdict.Met, "met"), Count(Verdict.Missed, "missed"), Count(Verdict.Failed, "failed"), Count(Verdict.Skipped, "skipped")];
        return "targets: " + string.Join(", ", parts.Where(part => part.Length > 0).DefaultIfEmpty("none"));

        string Count(Verdict verdict, string word) => counts.TryGetValue(verdict, out var count) ? $"{count} {word}" : "";
    }
}
