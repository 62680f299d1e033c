using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using DmaHeap.Plugins.Copies;
using DmaHeap.Plugins.Loading;

namespace DmaHeap.Plugins;

/// <summary>
/// A plugin in memory: one private copy, one load context. Unloading is cooperative: it takes place once nothing refers to any object,
/// type or exception of the plugin and none of its threads, timers or registrations live.
/// </summary>
/// <remarks>Thread safe. Heaps it created must have been disposed before it is unloaded.</remarks>
public sealed class LoadedPlugin : IDisposable
{
    readonly Lock _lock = new();
    readonly PrivateCopy? _copy;
    readonly UnloadCheck _check;
    AssemblyLoadContext? _context;
    IReadOnlyList<HeapTypeInfo>? _heapTypes;

    internal LoadedPlugin(PluginManifest manifest, PrivateCopy? copy, AssemblyLoadContext context, IReadOnlyList<HeapTypeInfo> heapTypes)
    {
        Manifest = manifest;
        _copy = copy;
        _context = context;
        _check = new UnloadCheck(context, manifest.Name);
        _heapTypes = heapTypes;
    }

    /// <summary>What was loaded: read from the private copy, with <see cref="PluginManifest.Path"/> naming the original.</summary>
    public PluginManifest Manifest { get; }

    /// <summary>Whether it can be unloaded before the process ends.</summary>
    public bool Unloadable => _check.Unloadable;

    /// <summary>The private copy of its folder, gone once the plugin is unloaded; the folder itself of one that was loaded in place.</summary>
    public string CopyFolder => _copy?.Folder ?? Path.GetDirectoryName(Manifest.Path)!;

    /// <summary>The main assembly in <see cref="CopyFolder"/>: the very bytes that were inspected and loaded.</summary>
    public string CopyMainAssembly => _copy?.MainAssembly ?? Manifest.Path;

    /// <summary>Its heap types, in the order it declares them.</summary>
    /// <exception cref="ObjectDisposedException">It was unloaded.</exception>
    public IReadOnlyList<HeapTypeInfo> HeapTypes
    {
        get
        {
            lock (_lock)
                return _heapTypes ?? throw new ObjectDisposedException(Manifest.Name);
        }
    }

    /// <summary>Creates a heap by its constructor <c>(IHeapContext)</c> or <c>(IHeapContext, TOptions)</c>.</summary>
    /// <param name="heapType">One of <see cref="HeapTypes"/>.</param>
    /// <param name="context">What the host offers it.</param>
    /// <param name="options">An instance of its options class; null when it takes none.</param>
    /// <returns>A new heap, the caller's to dispose.</returns>
    /// <exception cref="ObjectDisposedException">The plugin was unloaded.</exception>
    /// <remarks>What the constructor throws comes through as it is, with its own stack trace. Such an exception keeps the plugin in memory while it is held.</remarks>
    public IHeap CreateHeap(HeapTypeInfo heapType, IHeapContext context, object? options)
    {
        ArgumentNullException.ThrowIfNull(heapType);
        ArgumentNullException.ThrowIfNull(context);
        if (!HeapTypes.Contains(heapType))
            throw new ArgumentException($"{heapType.Name} is no heap type of plugin '{Manifest.Name}'.", nameof(heapType));
        if (heapType.OptionsType is { } needed ? !needed.IsInstanceOfType(options) : options is not null)
            throw new ArgumentException($"{heapType.Name} takes {heapType.OptionsType?.Name ?? "no"} options.", nameof(options));

        object?[] arguments = heapType.OptionsType is null ? [context] : [context, options];
        return (IHeap)HeapTypeCheck.Constructor(heapType.HeapType, heapType.OptionsType)!
            .Invoke(BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
    }

    /// <summary>
    /// Unloads and looks whether it happened: up to ten full collections of the process's memory. May be called again later: it then looks again.
    /// </summary>
    /// <returns>What was seen. While it is not unloaded its private copy stays, since its code may still need files from it.</returns>
    public UnloadReport Unload()
    {
        Release();
        UnloadReport report = _check.Run();
        if (report.Unloaded || !Unloadable)
            _copy?.Delete();
        return report;
    }

    /// <summary>As <see cref="Unload"/>, on a thread of the pool, away from the caller's stack and what that may still refer to.</summary>
    /// <returns>What was seen.</returns>
    public Task<UnloadReport> UnloadAsync() => Task.Run(Unload);

    /// <summary>As <see cref="Unload"/>, unless that was done; with nobody told whether it worked.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_context is null)
                return;
        }
        Unload();
    }

    /// <summary>Drops every reference of ours. Not inlined, so that no register or stack slot of the caller keeps one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Release()
    {
        lock (_lock)
        {
            if (_context is { IsCollectible: true })
                _context.Unload();
            _context = null;
            _heapTypes = null;
        }
    }
}
