namespace DmaHeap.Hosting.Server;

/// <summary>A client sent what no client should send. It is told the sentence and disconnected.</summary>
internal sealed class ProtocolFaultException(string message) : Exception(message);
