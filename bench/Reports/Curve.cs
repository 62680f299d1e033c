namespace DmaHeap.Bench;

/// <summary>How a cost grows: ours and what it is measured against, in one picture.</summary>
/// <param name="Id">Name of the picture's file.</param>
/// <param name="Title">What it shows.</param>
/// <param name="X">Along it.</param>
/// <param name="Y">Up it.</param>
/// <param name="Lines">Ours first.</param>
sealed record Curve(string Id, string Title, Axis X, Axis Y, IReadOnlyList<Line> Lines)
{
    /// <summary>What is to be known to read it.</summary>
    public string Note { get; init; } = "";
}

/// <summary>An axis.</summary>
sealed record Axis(string Label, Unit Unit, bool Logarithmic);

/// <summary>One line of a picture.</summary>
sealed record Line(string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>Drawn dashed.</summary>
    public bool IsBaseline { get; init; }
}

/// <summary>A point of it.</summary>
readonly record struct CurvePoint(double X, double Y, double? P99 = null);
