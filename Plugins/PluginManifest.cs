using System.Reflection.PortableExecutable;

namespace DmaHeap.Plugins;

/// <summary>What a plugin's file says about itself, read without running any of it. See <see cref="PluginInspector"/>.</summary>
public sealed record PluginManifest
{
    internal PluginManifest()
    {
    }

    /// <summary>Full path of the plugin's main assembly.</summary>
    public required string Path { get; init; }

    /// <summary>Simple name of the assembly.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the assembly.</summary>
    public required Version Version { get; init; }

    /// <summary>SHA-256 of the main assembly's bytes, in lower case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The version of DmaHeap.Abstractions it was built for; null when it does not refer to it.</summary>
    public Version? ContractVersion { get; init; }

    /// <summary>What it was built for, as the compiler wrote it (<c>.NETCoreApp,Version=v10.0</c>); null when it does not say.</summary>
    public string? TargetFramework { get; init; }

    /// <summary>The processor its code is for; null for any.</summary>
    public Machine? Machine { get; init; }

    /// <summary>Whether it carries code compiled ahead of time. A collectible context ignores that and compiles from IL.</summary>
    public bool IsReadyToRun { get; init; }

    /// <summary>The heap types it declares, in the order of declaration.</summary>
    public required IReadOnlyList<HeapTypeManifest> HeapTypes { get; init; }

    /// <summary>Its references and those of the assemblies it brings.</summary>
    public required IReadOnlyList<PluginReference> References { get; init; }

    /// <summary>Native libraries in its folder, where this host would find them.</summary>
    public required IReadOnlyList<NativeLibraryManifest> NativeLibraries { get; init; }

    /// <summary>All reasons why this host cannot load it; empty when it can.</summary>
    public required IReadOnlyList<PluginProblem> Problems { get; init; }

    /// <summary>Throws when there is a reason not to load it.</summary>
    /// <exception cref="PluginException">Of the first problem's kind; the message has them all.</exception>
    public void ThrowIfRefused()
    {
        if (Problems.Count == 0)
            return;
        throw new PluginException(
            Problems[0].Refusal,
            $"Plugin '{Name}' ({Path}) is refused: {string.Join(" Also: ", Problems.Select(problem => problem.Message))}");
    }
}

/// <summary>A heap type as the plugin's metadata declares it.</summary>
/// <param name="TypeName">Full name of the class; with its assembly when that is not the plugin's main one.</param>
/// <param name="OptionsTypeName">Full name of its options class; null when it takes none.</param>
/// <param name="Name">What the configuration's <c>"type"</c> says.</param>
public sealed record HeapTypeManifest(string TypeName, string? OptionsTypeName, string Name);

/// <summary>A native library that a plugin brings.</summary>
/// <param name="File">Its path, relative to the plugin's folder.</param>
/// <param name="Architecture">The processor it is for, by .NET's name (<c>x64</c>, <c>arm64</c>); null when it is no ELF file.</param>
public sealed record NativeLibraryManifest(string File, string? Architecture);
