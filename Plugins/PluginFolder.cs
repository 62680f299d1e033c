using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace DmaHeap.Plugins;

/// <summary>A plugin's folder: what its .deps.json says is where, and without one what simply lies there. Never a path outside.</summary>
sealed class PluginFolder
{
    readonly string _folder;
    readonly AssemblyDependencyResolver? _dependencies;

    public PluginFolder(string mainAssembly)
    {
        _folder = Path.GetDirectoryName(mainAssembly)!;
        try
        {
            _dependencies = new AssemblyDependencyResolver(mainAssembly);
        }
        catch (InvalidOperationException)
        {
            // A .deps.json that is damaged, or names files that were not deployed, or a runtime started by a custom host:
            // what lies in the folder is still there.
        }
    }

    public string? FindAssembly(AssemblyName name)
    {
        if (name.Name is not { Length: > 0 } simple || Path.GetFileName(simple) != simple)
            return null;
        if (Inside(_dependencies?.ResolveAssemblyToPath(name)) is { } resolved)
            return resolved;
        string culture = name.CultureName ?? "";
        return Path.GetFileName(culture) == culture ? Inside(Path.Combine(_folder, culture, simple + ".dll")) : null;
    }

    public string? FindNative(string name)
    {
        if (name.Length == 0 || Path.GetFileName(name) != name)
            return null;
        if (Inside(_dependencies?.ResolveUnmanagedDllToPath(name)) is { } resolved)
            return resolved;
        foreach (string folder in NativeFolders())
        {
            foreach (string file in (string[])[name, name + ".so", $"lib{name}.so", "lib" + name])
            {
                if (Inside(Path.Combine(folder, file)) is { } path)
                    return path;
            }
        }
        return null;
    }

    /// <summary>Native libraries that would be found here, relative to the folder.</summary>
    public IReadOnlyList<string> NativeFiles()
    {
        var files = new List<string>();
        foreach (string folder in NativeFolders().Where(Directory.Exists))
        {
            foreach (string file in Directory.EnumerateFiles(folder))
            {
                string name = Path.GetFileName(file);
                if (name.EndsWith(".so", StringComparison.Ordinal) || name.Contains(".so.", StringComparison.Ordinal))
                    files.Add(Path.GetRelativePath(_folder, file));
            }
        }
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    public string Shown(string path) => Path.GetRelativePath(_folder, path);

    public string Full(string file) => Path.Combine(_folder, file);

    IEnumerable<string> NativeFolders()
    {
        yield return _folder;
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        foreach (string rid in new[] { RuntimeInformation.RuntimeIdentifier, $"linux-{architecture}", "linux" }.Distinct())
            yield return Path.Combine(_folder, "runtimes", rid, "native");
    }

    string? Inside(string? path)
    {
        if (path is null)
            return null;
        string full = Path.GetFullPath(path); // a .deps.json may say ../
        return full.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) && File.Exists(full) ? full : null;
    }
}
