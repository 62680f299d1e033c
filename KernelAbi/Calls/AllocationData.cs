using System.Runtime.InteropServices;

namespace DmaHeap.KernelAbi.Calls;

/// <summary>struct dma_heap_allocation_data.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AllocationData
{
    public const int Size = 24;

    /// <summary>Where <see cref="Descriptor"/> stands.</summary>
    public const int DescriptorOffset = 8;

    public ulong Length;
    public uint Descriptor;
    public uint DescriptorFlags;
    public ulong HeapFlags;

    /// <summary>Of the caller's bytes: what a shorter struct lacks is zero, and of a longer one the tail is ignored.</summary>
    public static AllocationData Read(ReadOnlySpan<byte> bytes)
    {
        AllocationData data = default;
        bytes[..Math.Min(bytes.Length, Size)].CopyTo(MemoryMarshal.AsBytes(new Span<AllocationData>(ref data)));
        return data;
    }
}
