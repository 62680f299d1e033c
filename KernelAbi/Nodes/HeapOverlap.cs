namespace DmaHeap.KernelAbi;

/// <summary>What becomes of heaps that the kernel itself has.</summary>
public enum HeapOverlap
{
    /// <summary>The program sees ours alone.</summary>
    Hide,

    /// <summary>The program sees both; a name that both have is ours.</summary>
    Add,

    /// <summary>The program sees the kernel's alone where there are any.</summary>
    Keep,
}
