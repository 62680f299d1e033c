using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Configuration;

/// <summary>What the configuration says about one heap. Checked (except the plugin's own options: <see cref="ConfigurationReader.BindOptions"/>) and immutable.</summary>
public sealed class HeapConfiguration
{
    private readonly HeapSection _section;

    internal HeapConfiguration(JsonTreeProperty entry, HeapSection section)
    {
        _section = section;
        Entry = entry;
        Aliases = Array.AsReadOnly(section.Aliases);
        Access = AccessConfiguration.From(section.Access);
        Faults = new HeapFaultLimit(section.Faults.Count, section.Faults.Within);
    }

    /// <summary>Name of the heap, as under <c>/dev/dma_heap</c>.</summary>
    public string Name => Entry.Name;

    /// <summary>Other names programs may open it by; possibly none.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The plugin: a name for the search path, or a path with a <c>/</c> in it.</summary>
    public string Plugin => _section.Plugin;

    /// <summary>SHA-256 that the plugin's main assembly must have, in hexadecimal; null for any, and where <see cref="FileSha256"/> says it.</summary>
    public string? Sha256 => _section.Sha256?.Sha256;

    /// <summary>SHA-256 that each file in the plugin's folder must have, in hexadecimal, by its path there; null for any.</summary>
    public IReadOnlyDictionary<string, string>? FileSha256 => _section.Sha256?.Files;

    /// <summary>False when the plugin is to stay in memory until the host ends.</summary>
    public bool Unloadable => _section.Unloadable;

    /// <summary>Which of the plugin's heap types; null when it has only one.</summary>
    public string? Type => _section.Type;

    /// <summary>Limits of this heap alone; null where there is none.</summary>
    public LimitsConfiguration Limits => _section.Limits;

    /// <summary>Who may allocate from it.</summary>
    public AccessConfiguration Access { get; }

    /// <summary>When its buffers' pages are taken from the system.</summary>
    public CommitPolicy Commit => _section.Commit;

    /// <summary>The pages of memory it takes without naming a size.</summary>
    public HeapPages Pages => _section.Pages;

    /// <summary>What is kept ready for its next buffers; null for nothing.</summary>
    public PoolConfiguration? Pool => _section.Pool;

    /// <summary>Whether buffers that are given back are used again.</summary>
    public HeapRecycling Recycle => _section.Recycle;

    /// <summary>True when the CPU may cache its buffers.</summary>
    public bool Cached => _section.Cached;

    /// <summary>How long one call of a buffer's op may take before the heap counts as faulted.</summary>
    public TimeSpan OpTimeout => _section.OpTimeout;

    /// <summary>How many exceptions, and how soon after each other, fault it.</summary>
    public HeapFaultLimit Faults { get; }

    /// <summary>Where its code runs.</summary>
    public HeapIsolation Isolation => _section.Isolation;

    /// <summary>True when the host must not start without it; false when it is listed as unavailable instead.</summary>
    public bool Required => _section.Required;

    /// <summary>Where its name stands in the file.</summary>
    public SourceLocation Location => Entry.Location;

    /// <summary>The heap's place in the file, with all that stands there.</summary>
    internal JsonTreeProperty Entry { get; }

    /// <summary>What the plugin's files must be; null for whatever they are.</summary>
    internal ExpectedPlugin? Trusted => _section.Sha256;

    /// <summary>The plugin's options as they stand in the file; null when there are none.</summary>
    internal JsonTreeNode? Options => _section.Options;

    /// <summary>True when <paramref name="other"/> says the same about a heap, wherever in a file and in whatever order its keys stand: a heap that need not be started anew.</summary>
    /// <param name="other">The other, from any file.</param>
    public bool SaysTheSameAs(HeapConfiguration other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Name == other.Name
            && Plugin == other.Plugin
            && Trusted == other.Trusted
            && Unloadable == other.Unloadable
            && Type == other.Type
            && Aliases.SequenceEqual(other.Aliases)
            && Limits == other.Limits
            && Access == other.Access
            && Commit == other.Commit
            && Pages == other.Pages
            && Equals(Pool, other.Pool)
            && Recycle == other.Recycle
            && Cached == other.Cached
            && OpTimeout == other.OpTimeout
            && Faults == other.Faults
            && Isolation == other.Isolation
            && Required == other.Required
            && JsonTreeNode.SameValue(Options, other.Options);
    }
}
