using System.Reflection;
using System.Runtime.CompilerServices;
using DmaHeap.Plugins;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Loader;

/// <summary>A temporary folder with plugins to maltreat and a loader whose copies go there too.</summary>
sealed class PluginSandbox : IDisposable
{
    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("dmaheap-plugin-tests-");

    public PluginSandbox()
    {
        CopyRoot = Path.Combine(_root.FullName, "copies");
        Loader = new PluginLoader(new PluginLoaderOptions { CopyRoot = CopyRoot });
    }

    public string CopyRoot { get; }

    public PluginLoader Loader { get; }

    public string[] Copies => Directory.GetDirectories(CopyRoot);

    /// <summary>Path of a new file, in a plugin folder of its own.</summary>
    public string NewFile(string name, ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(_root.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>A deployed plugin: its build output copied to a folder of its own.</summary>
    public string Deploy(string plugin)
    {
        DirectoryInfo folder = _root.CreateSubdirectory(Guid.NewGuid().ToString("N"));
        foreach (string file in Directory.EnumerateFiles(Builds.Folder(plugin)))
            File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
        return Path.Combine(folder.FullName, plugin + ".dll");
    }

    /// <summary>A deployed plugin whose main assembly is changed.</summary>
    public string Deploy(string plugin, Func<byte[], byte[]> change)
    {
        string path = Deploy(plugin);
        File.WriteAllBytes(path, change(File.ReadAllBytes(path)));
        return path;
    }

    public void Dispose()
    {
        Loader.Dispose();
        _root.Delete(recursive: true);
    }

    /// <summary>Creates a probe heap in the plugin and returns what it answers. Nothing of the plugin survives on the caller's stack.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static string Ask(LoadedPlugin plugin, string question)
    {
        HeapTypeInfo type = plugin.HeapTypes.Single(heap => heap.Name == "probe");
        object options = Activator.CreateInstance(type.OptionsType!)!;
        type.OptionsType!.GetProperty("Ask", BindingFlags.Public | BindingFlags.Instance)!.SetValue(options, question);
        var context = new FakeHeapContext();
        using IHeap heap = plugin.CreateHeap(type, context, options);
        return context.Messages.Single();
    }
}
