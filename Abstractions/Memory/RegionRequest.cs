namespace DmaHeap;

/// <summary>Which part of which file or device a heap wants as its region. Construct it with an object initializer; members may be added.</summary>
public readonly struct RegionRequest
{
    /// <summary>A request; <see cref="Path"/> and <see cref="Length"/> are to be set.</summary>
    public RegionRequest()
    {
    }

    /// <summary>Absolute path of a regular file (also on hugetlbfs or a DAX file system), a block device or a device-DAX node. It must exist; the host makes none.</summary>
    public required string Path { get; init; }

    /// <summary>First byte of the region, from the start of the file; a multiple of its page size.</summary>
    public long Offset { get; init; }

    /// <summary>Length in bytes; positive, a multiple of the page size, and not past the end of the file.</summary>
    public required long Length { get; init; }
}
