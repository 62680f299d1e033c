using DmaHeap.Client;
using DmaHeap.Hosting;

namespace DmaHeap.Testing.Conformance;

/// <summary>A buffer that a client holds and importers come to: the heap's own object, and the descriptor that stands for it.</summary>
internal sealed class ImportedBuffer(DmaHeapHost host, DmaBuffer shown, HeapBuffer buffer)
{
    public HeapBuffer Buffer => buffer;

    public IHeapMemory Memory => buffer.Memory;

    public long Length => buffer.Length;

    /// <summary>By way of the host, as a hook may want the descriptor that was shown.</summary>
    public void BeginCpuAccess(DataDirection direction, Caller caller) => host.BeginCpuAccess(shown.Handle, direction, caller);

    public void EndCpuAccess(DataDirection direction, Caller caller) => host.EndCpuAccess(shown.Handle, direction, caller);
}
