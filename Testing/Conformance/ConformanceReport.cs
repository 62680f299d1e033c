using System.Text;

namespace DmaHeap.Testing;

/// <summary>How a heap did in every case of the kit. Immutable.</summary>
/// <param name="Heap">The heap's name.</param>
/// <param name="Results">One result a case, in the kit's order.</param>
public sealed record ConformanceReport(string Heap, IReadOnlyList<ConformanceResult> Results)
{
    /// <summary>True when no case failed.</summary>
    public bool Passed => Results.All(result => result.Outcome != ConformanceOutcome.Failed);

    /// <summary>The report as text, one line a case.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Heap).AppendLine();
        foreach (var result in Results)
        {
            text.Append($"  {result.Outcome.ToString().ToLowerInvariant(),-8}{result.Case.Name}");
            if (result.Detail.Length > 0) text.Append(": ").Append(result.Detail);
            text.AppendLine();
        }

        return text.ToString();
    }
}

/// <summary>How a heap did in one case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Outcome">Passed, failed or skipped.</param>
/// <param name="Detail">What was seen when it failed, why it was skipped; else empty.</param>
public sealed record ConformanceResult(ConformanceCase Case, ConformanceOutcome Outcome, string Detail);

/// <summary>Outcomes of a case.</summary>
public enum ConformanceOutcome
{
    /// <summary>The heap does what the case asks.</summary>
    Passed = 0,

    /// <summary>It does not.</summary>
    Failed = 1,

    /// <summary>The heap does not promise what the case is about, or cannot start on this machine.</summary>
    Skipped = 2,
}
