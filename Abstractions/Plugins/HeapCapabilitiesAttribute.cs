namespace DmaHeap;

/// <summary>What every buffer of a heap type can be relied on for. The conformance kit checks that it is true.</summary>
/// <param name="capabilities">The promises.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class HeapCapabilitiesAttribute(HeapCapabilities capabilities) : Attribute
{
    /// <summary>The promises.</summary>
    public HeapCapabilities Capabilities { get; } = capabilities;
}

/// <summary>Promises a heap type can make.</summary>
[Flags]
public enum HeapCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Clients can map their descriptor and read and write the memory.</summary>
    CpuMappable = 1,

    /// <summary>A new buffer reads as zeros.</summary>
    ZeroFilled = 2,

    /// <summary>The heap has a fixed region: it runs out, says how much is left (<see cref="IHeapGauge"/>), and recovers when buffers are released.</summary>
    FixedCapacity = 4,

    /// <summary>The descriptor can be mapped, read and written by nobody.</summary>
    Unmappable = 8,
}
