using System.Reflection.PortableExecutable;
using System.Runtime.Versioning;

namespace DmaHeap.Plugins.Inspection;

/// <summary>What keeps this host from loading an inspected plugin; the most telling reason first.</summary>
static class Compatibility
{
    public static IEnumerable<PluginProblem> Check(PluginManifest manifest, AssemblyImage image)
    {
        // An assembly for another .NET refers to a world we have not: all that follows would be noise.
        if (OtherFramework(manifest) is { } framework)
            return [framework];
        return [.. Host(manifest), .. Contract(manifest), .. NoHeap(manifest), .. Architecture(image), .. NativeArchitecture(manifest), .. Missing(manifest)];
    }

    static PluginProblem? OtherFramework(PluginManifest manifest)
    {
        int ours = Environment.Version.Major;
        string? theirs = null;
        if (manifest.TargetFramework is { } target)
        {
            FrameworkName? name = TryParse(target);
            if (name is { Identifier: ".NETCoreApp" } && name.Version.Major <= ours || name is { Identifier: ".NETStandard" })
                return null;
            theirs = target;
        }
        else if (manifest.References.FirstOrDefault(r => r.Name is "mscorlib" && r.ReferencedBy == manifest.Name) is { } mscorlib)
        {
            theirs = $".NET Framework (it refers to mscorlib {mscorlib.Version})";
        }
        else if (manifest.References.FirstOrDefault(r => r.Name is "System.Runtime" && r.Version.Major > ours) is { } runtime)
        {
            theirs = $"System.Runtime {runtime.Version}";
        }
        return theirs is null ? null : new PluginProblem(
            PluginRefusal.NotForThisFramework,
            $"it was built for {theirs}; this host runs .NET {ours}. Build it for net{ours}.0.");
    }

    static FrameworkName? TryParse(string target)
    {
        try
        {
            return new FrameworkName(target);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    static IEnumerable<PluginProblem> Host(PluginManifest manifest)
    {
        foreach (PluginReference reference in manifest.References.Where(r => r.Kind == PluginReferenceKind.Host))
        {
            yield return new PluginProblem(
                PluginRefusal.ReferencesHost,
                $"{Who(manifest, reference)} refers to {reference.Name}, an assembly of the host. A heap sees the host through {AssemblyRules.ContractName.Name} only, "
                + "so that the host can change beneath it and the heap can run in another process: remove that reference"
                + " (the prefix DmaHeap. is the host's; give a library of your own another name).");
        }
    }

    static IEnumerable<PluginProblem> Contract(PluginManifest manifest)
    {
        foreach (PluginReference reference in manifest.References.Where(r => r.Kind == PluginReferenceKind.Contract))
        {
            if (ContractVersion.Compare(reference.Version, AssemblyRules.ContractName.Version!, Who(manifest, reference)) is { } problem)
                yield return problem;
        }
    }

    static string Who(PluginManifest manifest, PluginReference reference) =>
        reference.ReferencedBy == manifest.Name ? "it" : $"its library {reference.ReferencedBy}";

    static IEnumerable<PluginProblem> NoHeap(PluginManifest manifest)
    {
        if (manifest.HeapTypes.Count == 0)
        {
            yield return new PluginProblem(
                PluginRefusal.NoHeapInside,
                "it declares no heap. Mark the assembly: [assembly: DmaHeap.HeapType(typeof(YourHeap))].");
        }
        foreach (IGrouping<string, HeapTypeManifest> same in manifest.HeapTypes.GroupBy(heap => heap.Name).Where(group => group.Count() > 1))
        {
            yield return new PluginProblem(
                PluginRefusal.HeapTypeInvalid,
                $"its heap types {string.Join(" and ", same.Select(heap => heap.TypeName))} have the same name '{same.Key}'. Set Name in their HeapType attributes.");
        }
    }

    static IEnumerable<PluginProblem> Architecture(AssemblyImage image)
    {
        string theirs = TargetSystem.NameOf(image.RawMachine, image.IsReadyToRun);
        bool fits = image.IsReadyToRun ? theirs == TargetSystem.Ours
            : image.Flags.HasFlag(CorFlags.ILOnly) && (image.Processor is not { } machine || TargetSystem.IsOurs(machine));
        if (!fits)
        {
            yield return new PluginProblem(
                PluginRefusal.WrongArchitecture,
                $"it has code for {theirs}; this host is {TargetSystem.Ours}. Build it for any processor, or publish it for {TargetSystem.Ours}.");
        }
    }

    // Only where a library of this host would be found: a plugin may well carry firmware of other processors elsewhere.
    static IEnumerable<PluginProblem> NativeArchitecture(PluginManifest manifest)
    {
        foreach (NativeLibraryManifest library in manifest.NativeLibraries)
        {
            if (library.Architecture is not { } theirs || theirs == TargetSystem.OurProcessor)
                continue;
            yield return new PluginProblem(
                PluginRefusal.WrongArchitecture,
                $"its native library {library.File} is for {theirs}; this host is {TargetSystem.Ours}. "
                + $"Put one for each processor in runtimes/linux-PROCESSOR/native (here {TargetSystem.Ours}), and what is no library of the host's in another folder.");
        }
    }

    static IEnumerable<PluginProblem> Missing(PluginManifest manifest)
    {
        foreach (PluginReference reference in manifest.References.Where(r => r.Kind == PluginReferenceKind.Unresolved && r.ReferencedBy == manifest.Name))
        {
            yield return new PluginProblem(
                PluginRefusal.MissingDependency,
                $"it needs {reference.Name} {reference.Version}, which is neither in its folder nor part of this host's .NET; the host's own libraries are not shared. "
                + "Set <EnableDynamicLoading>true</EnableDynamicLoading> in its project, so that its packages are copied beside it.");
        }
    }
}
