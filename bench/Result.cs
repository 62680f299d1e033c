namespace DmaHeap.Bench;

/// <summary>One line of the report.</summary>
sealed record Result(string Work, string Ours, string Against, string Figure, string Target, bool Met);
