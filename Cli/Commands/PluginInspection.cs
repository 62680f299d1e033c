using System.Text.Json.Nodes;
using DmaHeap.Cli.Output;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Plugins;

namespace DmaHeap.Cli.Commands;

/// <summary>Everything that can be told of a plugin without running a line of it.</summary>
static class PluginInspection
{
    /// <summary>Reads a plugin's files; of one that this host takes also the options, from its types, of which none is created.</summary>
    /// <exception cref="PluginException">There is no plugin to describe.</exception>
    public static PluginDocument Read(string path)
    {
        var manifest = PluginInspector.Inspect(path);
        List<ProblemRow> problems = [.. manifest.Problems.Select(problem => new ProblemRow(Words.CamelCase(problem.Refusal.ToString()), problem.Message))];
        IReadOnlyList<HeapTypeRow> heaps = [.. manifest.HeapTypes.Select(heap => new HeapTypeRow(heap.Name, heap.TypeName, null, heap.OptionsTypeName, null))];
        if (problems.Count == 0)
        {
            try
            {
                heaps = ReadTypes(manifest);
            }
            catch (PluginException refusal)
            {
                problems.Add(new ProblemRow(Words.CamelCase(refusal.Refusal.ToString()), refusal.Message));
            }
        }

        return Describe(manifest, problems, heaps);
    }

    /// <summary>The schema of a plugin's options.</summary>
    /// <exception cref="PluginException">Its options class is not one that the host could fill.</exception>
    public static JsonObject SchemaOf(PluginOptions options, string path)
    {
        try
        {
            return ConfigurationSchema.OfOptions(options);
        }
        catch (ArgumentException faulty)
        {
            throw new PluginException(PluginRefusal.HeapTypeInvalid, $"{path}: {faulty.Message}", faulty);
        }
    }

    static List<HeapTypeRow> ReadTypes(PluginManifest manifest)
    {
        using var loader = new PluginLoader();
        // Loaded until the process ends, which is soon.
        var plugin = loader.Load(manifest, unloadable: false);
        return
        [
            .. plugin.HeapTypes.Zip(manifest.HeapTypes, (type, declared) => new HeapTypeRow(
                type.Name, declared.TypeName, Words.Of(type.Capabilities), declared.OptionsTypeName,
                SchemaOf(new PluginOptions(manifest.Name, type.Name, type.OptionsType), manifest.Path))),
        ];
    }

    static PluginDocument Describe(PluginManifest manifest, List<ProblemRow> problems, IReadOnlyList<HeapTypeRow> heaps)
    {
        var ours = typeof(IHeap).Assembly.GetName().Version!;
        return new PluginDocument(
            manifest.Path, manifest.Name, manifest.Version.ToString(), manifest.Sha256, manifest.ContractVersion?.ToString(2), ours.ToString(2),
            manifest.TargetFramework, manifest.Machine?.ToString().ToLowerInvariant(), problems.Count == 0, problems, heaps,
            [.. manifest.References.GroupBy(reference => reference.Name).Select(DependencyOf).OrderBy(row => row.Kind, StringComparer.Ordinal).ThenBy(row => row.Name, StringComparer.Ordinal)],
            [.. manifest.NativeLibraries.Select(library => new NativeLibraryRow(library.File, library.Architecture))]);
    }

    static DependencyRow DependencyOf(IGrouping<string, PluginReference> references)
    {
        // The plugin's own reference says more than those of the libraries it brings.
        var first = references.MaxBy(reference => reference.Version)!;
        return new DependencyRow(
            first.Name, first.Version.ToString(), KindOf(first.Kind), first.File, first.FileVersion?.ToString(), [.. references.Select(reference => reference.ReferencedBy).Distinct()]);
    }

    static string KindOf(PluginReferenceKind kind) => kind switch
    {
        PluginReferenceKind.Contract => "contract",
        PluginReferenceKind.Framework => "dotnet",
        PluginReferenceKind.Private => "private",
        PluginReferenceKind.Host => "host",
        _ => "missing",
    };
}
