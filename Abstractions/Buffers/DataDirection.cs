namespace DmaHeap;

/// <summary>Which way data moves, numbered as the kernel's <c>enum dma_data_direction</c>.</summary>
public enum DataDirection
{
    /// <summary>Both ways. CPU access for reading and writing.</summary>
    Bidirectional = 0,

    /// <summary>From memory to the device. CPU access for writing.</summary>
    ToDevice = 1,

    /// <summary>From the device to memory. CPU access for reading.</summary>
    FromDevice = 2,
}
