using System.Reflection;
using System.Runtime.Loader;

namespace DmaHeap.Plugins.Loading;

/// <summary>Where a plugin's names lead: see <see cref="AssemblyRules"/>. Assemblies load when they are first used.</summary>
sealed class PluginLoadContext(string plugin, string mainAssembly, bool unloadable) : AssemblyLoadContext(plugin, unloadable)
{
    readonly PluginFolder _folder = new(mainAssembly);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        (PluginReferenceKind kind, string? path) = AssemblyRules.Decide(assemblyName, _folder);
        return kind switch
        {
            PluginReferenceKind.Contract => AssemblyRules.Contract,
            PluginReferenceKind.Framework => Default.LoadFromAssemblyName(assemblyName),
            PluginReferenceKind.Private => LoadFromAssemblyPath(path!),
            // Translations are asked for culture by culture; not to have one is normal and must not cost an exception.
            PluginReferenceKind.Unresolved when assemblyName.CultureName is { Length: > 0 } => null,
            // Null would hand the question to the default context, where the host's libraries are.
            PluginReferenceKind.Host => throw new FileNotFoundException(
                $"Plugin '{Name}' asked for {assemblyName.Name}, an assembly of the host, which no plugin sees.", assemblyName.FullName),
            _ => throw new FileNotFoundException(
                $"Plugin '{Name}' asked for {assemblyName.FullName}, which is neither in its folder nor part of .NET; the host's libraries are not shared.",
                assemblyName.FullName),
        };
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _folder.FindNative(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
