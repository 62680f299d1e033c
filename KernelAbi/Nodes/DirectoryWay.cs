namespace DmaHeap.KernelAbi;

/// <summary>How /dev/dma_heap comes to be seen.</summary>
public enum DirectoryWay
{
    /// <summary>A mount that the program and its children alone see.</summary>
    Mount,

    /// <summary>Answers to the calls that name it.</summary>
    Answers,

    /// <summary>The kernel's own.</summary>
    Kernel,
}
