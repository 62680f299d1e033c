using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Buffers;

/// <summary>What stands in a record for the heap's own object once that was released: whoever still holds the record holds nothing of a plugin.</summary>
internal static class ReleasedBuffer
{
    public static HeapBuffer Instance { get; } = new(new NoMemory());

    private sealed class NoMemory : IHeapMemory
    {
        public long Length => 0;

        public long PageSize => Environment.SystemPageSize;

        public MemoryKind Kind => MemoryKind.Opaque;

        public SafeFileHandle OpenDescriptor() => throw new HeapException(HeapErrno.InputOutput, HeapCause.UnknownBuffer, "the buffer was released");

        public void Dispose()
        {
        }
    }
}
