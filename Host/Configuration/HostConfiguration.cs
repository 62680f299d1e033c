namespace DmaHeap.Hosting.Configuration;

/// <summary>What <c>plugins.json</c> says: the heaps to serve and the limits over all of them. Checked and immutable; get one from <see cref="ConfigurationReader"/>.</summary>
public sealed class HostConfiguration
{
    internal HostConfiguration(int version, LimitsConfiguration limits, TimeSpan? drainTimeout, ServerSection server, IReadOnlyList<HeapConfiguration> heaps, string sourcePath, JsonTreeNode root)
    {
        Root = root;
        Version = version;
        Limits = limits;
        DrainTimeout = drainTimeout;
        Server = server;
        Heaps = heaps;
        SourcePath = sourcePath;
    }

    /// <summary>The file itself.</summary>
    internal JsonTreeNode Root { get; }

    /// <summary>Version of the file's format: 1.</summary>
    public int Version { get; }

    /// <summary>Limits over all heaps together. Where the file sets none, they are null and the host chooses.</summary>
    public LimitsConfiguration Limits { get; }

    /// <summary>How long a heap that was replaced or taken out may wait for its last buffer; null for as long as it takes.</summary>
    public TimeSpan? DrainTimeout { get; }

    /// <summary>How clients are served.</summary>
    internal ServerSection Server { get; }

    /// <summary>The heaps in the order of the file, then those of the files in <c>plugins.d</c>; at least one. Names and aliases are unique over all of them.</summary>
    public IReadOnlyList<HeapConfiguration> Heaps { get; }

    /// <summary>The full path of the file, or the name given for a text that came from none. Relative plugin paths are relative to its folder.</summary>
    public string SourcePath { get; }
}
