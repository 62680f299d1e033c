namespace GoodPlugin;

/// <summary>What a test renames the declared heap type to: its name is as long as ProbeHeap's.</summary>
public sealed class NotAnHeap;
