namespace DmaHeap.Hosting.Isolation;

/// <summary>An exception that left a hook of a heap in its worker: its text, with the trace it had there.</summary>
internal sealed class WorkerFaultException(string message, string trace) : Exception(message)
{
    public override string ToString() => trace.Length == 0 ? Message : trace;
}
