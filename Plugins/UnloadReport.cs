namespace DmaHeap.Plugins;

/// <summary>What became of an unload.</summary>
/// <param name="Unloaded">True when the plugin's context was seen to be collected. False: its code and statics are still in memory.</param>
/// <param name="Elapsed">Time the verification took.</param>
/// <param name="Detail">A sentence for the log.</param>
public sealed record UnloadReport(bool Unloaded, TimeSpan Elapsed, string Detail);
