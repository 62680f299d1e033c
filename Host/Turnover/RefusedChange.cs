namespace DmaHeap.Hosting.Turnover;

/// <summary>A swap, restart or reload that was refused.</summary>
/// <param name="At">When.</param>
/// <param name="What">Which.</param>
/// <param name="Reason">All the reasons, one a line.</param>
internal sealed record RefusedChange(DateTimeOffset At, string What, string Reason);
