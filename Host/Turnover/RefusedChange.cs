namespace DmaHeap.Hosting.Turnover;

/// <summary>A swap, restart or reload that was refused.</summary>
/// <param name="At">When.</param>
/// <param name="What">Which.</param>
/// <param name="Reason">All the reasons, one a line.</param>
internal sealed record RefusedChange(DateTimeOffset At, string What, string Reason);

/// <summary>A change that is being carried out.</summary>
/// <param name="What">Which.</param>
/// <param name="Since">When it began.</param>
internal sealed record ChangeUnderWay(string What, DateTimeOffset Since);
