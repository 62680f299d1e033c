namespace DmaHeap.Hosting.Configuration;

/// <summary>The pages of a heap that asks the host for memory without naming a size.</summary>
public enum HeapPages
{
    /// <summary>The machine's own: 4 KiB on most, 16 or 64 KiB on some arm64 machines.</summary>
    [OptionValue("4KiB")]
    Machine = 0,

    /// <summary>Of 2 MiB, or a refusal. Lengths are rounded up to them, and the memory is there at once, charged to the host.</summary>
    [OptionValue("2MiB")]
    Huge = 1,

    /// <summary>Of 2 MiB for buffers that are a whole number of them, where the machine has any; its own otherwise.</summary>
    Auto = 2,
}
