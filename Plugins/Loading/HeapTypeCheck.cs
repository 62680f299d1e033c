using System.Reflection;
using System.Runtime.Loader;

namespace DmaHeap.Plugins.Loading;

/// <summary>Checks that a declared heap type can be one, by reflection, without running a line of the plugin.</summary>
static class HeapTypeCheck
{
    public static HeapTypeInfo Resolve(HeapTypeManifest declared, Assembly assembly, AssemblyLoadContext context, PluginManifest manifest)
    {
        Type heap = Find(declared.TypeName) ?? throw Invalid($"there is no such class");
        Type? options = declared.OptionsTypeName is { } name ? Find(name) ?? throw Invalid($"there is no options class {name}") : null;

        if (!heap.IsVisible)
            throw Invalid("it is not public");
        if (heap.IsAbstract || heap.IsInterface || heap.ContainsGenericParameters || heap.IsValueType)
            throw Invalid("it is not a class that can be created: abstract, static, generic or no class at all");
        if (!typeof(IHeap).IsAssignableFrom(heap))
            throw Invalid("it does not implement DmaHeap.IHeap");
        if (options is not null && (!options.IsVisible || options.IsAbstract || options.IsValueType || options.GetConstructor(Type.EmptyTypes) is null))
            throw Invalid($"its options {options.Name} are not a public class with a parameterless constructor");
        if (Constructor(heap, options) is null)
            throw Invalid($"it has no public constructor (IHeapContext{(options is null ? "" : ", " + options.Name)})");

        HeapCapabilities capabilities = heap.GetCustomAttribute<HeapCapabilitiesAttribute>(inherit: false)?.Capabilities ?? HeapCapabilities.None;
        return new HeapTypeInfo(heap, options, declared.Name, capabilities) { TakesPages = !heap.IsDefined(typeof(TakesNoPagesAttribute), inherit: false) };

        Type? Find(string typeName) => Type.GetType(
            typeName,
            context.LoadFromAssemblyName,
            (owner, type, ignoreCase) => (owner ?? assembly).GetType(type, throwOnError: false, ignoreCase),
            throwOnError: false);

        PluginException Invalid(string what) => new(
            PluginRefusal.HeapTypeInvalid,
            $"Plugin '{manifest.Name}' ({manifest.Path}) declares the heap type {declared.TypeName}, but {what}.");
    }

    public static ConstructorInfo? Constructor(Type heap, Type? options) =>
        heap.GetConstructor(options is null ? [typeof(IHeapContext)] : [typeof(IHeapContext), options]);
}
