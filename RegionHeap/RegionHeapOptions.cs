namespace DmaHeap.Heaps;

/// <summary>Options of <see cref="RegionHeap"/>.</summary>
public sealed class RegionHeapOptions : ICheckedOptions
{
    /// <summary>Absolute path of the file or device.</summary>
    [Option("Absolute path of an existing file (also on hugetlbfs or a DAX file system), block device or device-DAX node.")]
    public required string Path { get; init; }

    /// <summary>First byte of the region.</summary>
    [Option("Where the region begins in it, a multiple of its page size.", Default = "0B")]
    public ByteSize Offset { get; init; }

    /// <summary>Length of the region.</summary>
    [Option("Size of the region, a multiple of its page size.", Minimum = "4KiB", Maximum = "1TiB")]
    public required ByteSize Size { get; init; }

    /// <summary>Who is trusted with the whole file. Without rules nobody can map a buffer.</summary>
    [Option("Importers that are trusted with the whole file: rules by user or group id. Without any, nobody can map a buffer.", Default = "[]")]
    public RegionImporterRule[] Importers { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        if (!Path.StartsWith('/')) yield return new OptionError(nameof(Path), $"\"{Path}\" is no absolute path");
        if (Importers.DistinctBy(rule => rule.Domain).Count() > byte.MaxValue) yield return new OptionError(nameof(Importers), $"there can be {byte.MaxValue} trust domains");
    }
}

/// <summary>A rule of who is trusted with the whole file, and in which trust domain.</summary>
public sealed class RegionImporterRule : ImporterRule
{
    /// <summary>Importers of one domain are given what others of it have had.</summary>
    [Option("The trust domain: memory that an importer has mapped goes only to buffers of the same domain afterwards.", Default = "default")]
    public string Domain { get; init; } = "default";
}
