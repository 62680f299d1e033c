using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>What an allocation asks for beyond heap and length. Immutable: make one and use it again.</summary>
public sealed record DmaAllocationOptions
{
    /// <summary>Readable and writable, closed by exec, without a name.</summary>
    public static DmaAllocationOptions Default { get; } = new();

    /// <summary>Name of the buffers, at most 31 bytes of UTF-8; it can be changed later.</summary>
    public string Name { get; init; } = "";

    /// <summary>Access mode of the descriptors.</summary>
    public FileAccessMode Access { get; init; } = FileAccessMode.ReadWrite;

    /// <summary>Whether exec closes the descriptors. Where not, they still are for the moment between their arrival and this call's return.</summary>
    public bool CloseOnExec { get; init; } = true;

    /// <summary>How many importers will attach before memory is needed; 0 when unknown.</summary>
    public uint ExpectedImporters { get; init; }

    /// <summary>Alignment of the buffers in bytes: 0 for none, else a power of two. Refused with EINVAL <c>constraints-not-met</c> where the heap's pages are smaller.</summary>
    public long Alignment { get; init; }

    /// <summary>Most segments the importers that will attach can take; 0 for no limit.</summary>
    public uint MaxSegments { get; init; }
}
