using System.Reflection.Metadata;
using System.Security.Cryptography;
using DmaHeap.Plugins.Inspection;

namespace DmaHeap.Plugins;

/// <summary>Reads what a plugin is from its files, without loading it: no code of it runs, and nothing stays open.</summary>
/// <remarks>Thread safe.</remarks>
public static class PluginInspector
{
    /// <summary>Inspects a plugin.</summary>
    /// <param name="path">Path of its main assembly.</param>
    /// <returns>What it is, and all that keeps this host from loading it in <see cref="PluginManifest.Problems"/>.</returns>
    /// <exception cref="PluginException">There is nothing to describe: not found, not an assembly, damaged.</exception>
    public static PluginManifest Inspect(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Inspect(Path.GetFullPath(path), Path.GetFullPath(path));
    }

    /// <param name="path">What to read.</param>
    /// <param name="shownPath">What to call it in messages: the operator knows the original, not our copy.</param>
    internal static PluginManifest Inspect(string path, string shownPath)
    {
        byte[] bytes = ReadAll(path, shownPath);
        try
        {
            using AssemblyImage image = AssemblyImage.Open(bytes, shownPath);
            return Describe(image, bytes, path, shownPath);
        }
        catch (Exception damaged) when (damaged is not PluginException and not OutOfMemoryException)
        {
            // The readers meet bytes from anywhere; whatever they stumble over, the file is at fault.
            throw AssemblyImage.Damaged(shownPath, damaged);
        }
    }

    static byte[] ReadAll(string path, string shownPath)
    {
        try
        {
            // Length 0 may also be a pipe or a device, where reading would wait for ever or never end.
            FileInfo file = new(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return file is { Exists: true, Length: 0 } ? [] : File.ReadAllBytes(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PluginException(PluginRefusal.NotFound, $"Plugin file {shownPath} does not exist.", missing);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new PluginException(
                Directory.Exists(path) ? PluginRefusal.NotAnAssembly : PluginRefusal.LoadFailed,
                $"Plugin file {shownPath} cannot be read: {unreadable.Message}",
                unreadable);
        }
    }

    static PluginManifest Describe(AssemblyImage image, byte[] bytes, string path, string shownPath)
    {
        MetadataReader metadata = image.Metadata;
        AssemblyDefinition assembly = metadata.GetAssemblyDefinition();
        string name = metadata.GetString(assembly.Name);
        var folder = new PluginFolder(path);
        IReadOnlyList<PluginReference> references = ReferenceClosure.Read(metadata, name, folder, Path.GetDirectoryName(shownPath)!);
        var manifest = new PluginManifest
        {
            Path = shownPath,
            Name = name,
            Version = assembly.Version,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            ContractVersion = references.FirstOrDefault(r => r.Kind == PluginReferenceKind.Contract && r.ReferencedBy == name)?.Version,
            TargetFramework = AssemblyAttributes.TargetFramework(metadata),
            Machine = image.Processor,
            IsReadyToRun = image.IsReadyToRun,
            HeapTypes = AssemblyAttributes.HeapTypes(metadata),
            References = references,
            NativeLibraries = [.. folder.NativeFiles().Select(file => new NativeLibraryManifest(file, ElfHeader.ReadArchitecture(folder.Full(file))))],
            Problems = [],
        };
        return manifest with { Problems = [.. Compatibility.Check(manifest, image)] };
    }
}
