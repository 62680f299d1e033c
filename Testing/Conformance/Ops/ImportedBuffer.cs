using DmaHeap.Client;
using DmaHeap.Hosting;

namespace DmaHeap.Testing.Conformance;

/// <summary>A buffer that a client holds and importers come to: the heap's own object, and the descriptor that stands for it.</summary>
internal sealed class ImportedBuffer(DmaHeapHost host, string heap, DmaBuffer shown, HeapBuffer buffer)
{
    public HeapBuffer Buffer => buffer;

    public IHeapMemory Memory => buffer.Memory;

    public long Length => buffer.Length;

    /// <summary>Exceptions that left the heap's hooks so far and were no refusals.</summary>
    public long HookFailures => ((Hosting.Heaps.HeapStatistics)host.Statistics(heap)).HookFailures;

    /// <summary>Attaches by way of the host, which undoes what is left when the attachment goes.</summary>
    /// <returns>Null when the heap refused.</returns>
    public HostAttachment? Attach()
    {
        try
        {
            return host.Attach(shown.Handle, AttachConstraints.None, DataDirection.Bidirectional, ThisProcess.Caller);
        }
        catch (HeapException)
        {
            return null;
        }
    }

    /// <summary>By way of the host, as a hook may want the descriptor that was shown.</summary>
    public void BeginCpuAccess(DataDirection direction, Caller caller) => host.BeginCpuAccess(shown.Handle, direction, caller);

    public void EndCpuAccess(DataDirection direction, Caller caller) => host.EndCpuAccess(shown.Handle, direction, caller);
}
