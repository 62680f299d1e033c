using DmaHeap.Linux;

namespace DmaHeap.KernelAbi;

/// <summary>A program could not be started, or not be supervised.</summary>
/// <param name="stage">How far it came.</param>
/// <param name="errno">What the kernel answered.</param>
/// <param name="message">A sentence for people.</param>
public sealed class SupervisionException(SupervisionStage stage, Errno errno, string message) : Exception(message)
{
    /// <summary>How far it came.</summary>
    public SupervisionStage Stage { get; } = stage;

    /// <summary>What the kernel answered.</summary>
    public Errno Errno { get; } = errno;
}

/// <summary>A step on the way to a supervised program.</summary>
public enum SupervisionStage
{
    /// <summary>Showing /dev/dma_heap.</summary>
    Directory,

    /// <summary>Installing the filter.</summary>
    Filter,

    /// <summary>Starting the program.</summary>
    Program,
}
