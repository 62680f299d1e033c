namespace DmaHeap.Hosting.Isolation;

/// <summary>What came over a socket makes no sense, or nothing comes any more: the other process is given up.</summary>
internal sealed class WireException(string message) : Exception(message);
