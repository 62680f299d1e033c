namespace DmaHeap.Plugins;

/// <summary>Why a plugin is not loaded. Stable: programs may compare it.</summary>
public enum PluginRefusal
{
    /// <summary>No file where it was looked for.</summary>
    NotFound,

    /// <summary>The file is something else than a .NET assembly: text, a native library, a module without a manifest.</summary>
    NotAnAssembly,

    /// <summary>The file begins like an assembly and is cut off or damaged.</summary>
    BadImage,

    /// <summary>An assembly without a <see cref="HeapTypeAttribute"/>.</summary>
    NoHeapInside,

    /// <summary>Built for a newer contract than this host has.</summary>
    ContractTooNew,

    /// <summary>Built for an older contract than this host still serves.</summary>
    ContractTooOld,

    /// <summary>It, or an assembly it brings, refers to the host's own assemblies.</summary>
    ReferencesHost,

    /// <summary>It refers to an assembly that is neither in its folder nor part of .NET.</summary>
    MissingDependency,

    /// <summary>Built for another processor or operating system.</summary>
    WrongArchitecture,

    /// <summary>Built for another .NET: .NET Framework, or a newer .NET than the host runs on.</summary>
    NotForThisFramework,

    /// <summary>A heap type it declares cannot be one: missing, not public, abstract, no <see cref="IHeap"/>, no fitting constructor.</summary>
    HeapTypeInvalid,

    /// <summary>Its folder is larger than the loader copies.</summary>
    FolderTooLarge,

    /// <summary>The file is no longer the one that was inspected.</summary>
    Changed,

    /// <summary>The file is not the one whose hash the configuration has.</summary>
    WrongHash,

    /// <summary>The host is root's, and others can write to the plugin's files.</summary>
    WritableForOthers,

    /// <summary>Copying or loading failed for another reason; the inner exception says which.</summary>
    LoadFailed,
}
