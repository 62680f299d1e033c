namespace DmaHeap.Plugins;

/// <summary>A reference from a plugin, or from an assembly it brings, to another assembly.</summary>
/// <param name="Name">Simple name of the assembly referred to.</param>
/// <param name="Version">The version it was compiled against.</param>
/// <param name="Kind">Where it will come from.</param>
/// <param name="ReferencedBy">Simple name of the assembly that has the reference.</param>
public sealed record PluginReference(string Name, Version Version, PluginReferenceKind Kind, string ReferencedBy)
{
    /// <summary>The file in the plugin's folder, relative to it; null unless the reference is private.</summary>
    public string? File { get; init; }

    /// <summary>The version of <see cref="File"/>, which may be newer than what was compiled against; null where there is none to be read.</summary>
    public Version? FileVersion { get; init; }
}

/// <summary>Where the assembly behind a reference comes from.</summary>
public enum PluginReferenceKind
{
    /// <summary>The heap contract: the very assembly the host runs.</summary>
    Contract,

    /// <summary>.NET's shared framework: the one the host runs on.</summary>
    Framework,

    /// <summary>The plugin's own folder, loaded for this plugin alone.</summary>
    Private,

    /// <summary>An assembly of the host. Never resolved.</summary>
    Host,

    /// <summary>None of these. Refused when the plugin itself refers to it; a library it brings may name assemblies it never uses.</summary>
    Unresolved,
}
