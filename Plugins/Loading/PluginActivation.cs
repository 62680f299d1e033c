using System.Reflection;
using DmaHeap.Plugins.Copies;

namespace DmaHeap.Plugins.Loading;

/// <summary>Turns an inspected copy into a loaded plugin, or into a refusal that leaves no context behind.</summary>
static class PluginActivation
{
    public static LoadedPlugin Load(PluginManifest manifest, PrivateCopy? copy, bool unloadable)
    {
        string mainAssembly = copy?.MainAssembly ?? manifest.Path;
        var context = new PluginLoadContext(manifest.Name, mainAssembly, unloadable);
        try
        {
            Assembly assembly = context.LoadFromAssemblyPath(mainAssembly);
            return new LoadedPlugin(manifest, copy, context, [.. manifest.HeapTypes.Select(heap => HeapTypeCheck.Resolve(heap, assembly, context, manifest))]);
        }
        catch (Exception failure)
        {
            if (unloadable)
                context.Unload();
            if (failure is PluginException)
                throw;
            throw new PluginException(
                PluginRefusal.LoadFailed,
                $"Plugin '{manifest.Name}' ({manifest.Path}) cannot be loaded: {failure.Message}",
                failure);
        }
    }
}
