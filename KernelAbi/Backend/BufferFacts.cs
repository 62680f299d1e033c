namespace DmaHeap.KernelAbi;

/// <summary>What stays true of a buffer for its whole life, so that it may be remembered under its inode.</summary>
/// <param name="Length">Bytes, a multiple of the page size.</param>
/// <param name="Traits">What it is.</param>
public readonly record struct BufferFacts(long Length, BufferTraits Traits);

/// <summary>What a buffer is.</summary>
[Flags]
public enum BufferTraits
{
    /// <summary>Plain memory.</summary>
    None = 0,

    /// <summary>Its heap wants to know of CPU access.</summary>
    CpuAccessHooks = 1,

    /// <summary>It cannot be mapped, read or written.</summary>
    Opaque = 2,

    /// <summary>It is memory of the program's own, which no heap knows.</summary>
    OfProgram = 4,
}
