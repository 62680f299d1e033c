using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using DmaHeap.Plugins;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Loader;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>Plugins that bring libraries of their own, managed and native, as the build left them.</summary>
public sealed class SampleTests : IDisposable
{
    const string Logging = "Microsoft.Extensions.Logging.Abstractions";
    const string NativeLibrary = "libcarveout.so";

    readonly PluginSandbox _plugins = new();

    public void Dispose() => _plugins.Dispose();

    [Fact]
    public void A_library_that_the_host_has_in_another_version_is_loaded_beside_the_hosts()
    {
        using var host = new TestHost(options => options with { PluginFiles = [Builds.Plugin("PrivateLibrary")] });
        var loaded = AppDomain.CurrentDomain.GetAssemblies().Where(assembly => assembly.GetName().Name == Logging).ToLookup(assembly => assembly.GetName().Version!.Major);

        Assert.Equal([9, 10], loaded.Select(version => version.Key).Order());
        Assert.Equal(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(Assert.Single(loaded[10])));
        Assert.All(loaded[9], own => Assert.Equal("PrivateLibrary", AssemblyLoadContext.GetLoadContext(own)!.Name));
        Assert.Contains(host.Log, line => line.Contains($"Frames are logged by {Logging} 9.0.0.0", StringComparison.Ordinal));
        using var buffer = host.Allocate(5000, "loggingheap");
        Assert.True(buffer.Length >= 5000);
    }

    [Fact]
    public void The_inspector_tells_which_version_a_plugin_brings()
    {
        var references = PluginInspector.Inspect(Builds.Plugin("PrivateLibrary")).References;
        Assert.Equal(
            (PluginReferenceKind.Private, Logging + ".dll", new Version(9, 0, 0, 0)),
            references.Where(reference => reference.Name == Logging).Select(reference => (reference.Kind, reference.File!, reference.FileVersion!)).Distinct().Single());
    }

    [Fact]
    public void Native_code_that_a_plugin_brings_hands_out_its_memory()
    {
        var library = NeedsCompiler();
        using var host = new TestHost(options => options with { PluginFiles = [Builds.Plugin("NativeHeap")] });
        using (var buffer = host.Allocate(60 << 20, "nativeheap"))
        {
            Assert.True(buffer.Length >= 60 << 20);
            Assert.Equal(HeapCause.Exhausted, host.Refused(8 << 20, "nativeheap").Cause);
            // The private copy's, not that of the folder it was built in.
            Assert.Contains($"/{Path.GetRelativePath(Builds.Folder("NativeHeap"), library)}\n", File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
            Assert.DoesNotContain(library, File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
        }

        Eventually.True(() => host.Host.Statistics("nativeheap").Buffers == 0, "the buffer is still there");
        host.Allocate(8 << 20, "nativeheap").Dispose();
    }

    [Fact]
    public async Task A_heap_of_native_code_passes_the_kit_where_a_crash_would_harm_nobody()
    {
        NeedsCompiler();
        using var sandbox = new CliSandbox();
        var ended = await sandbox.RunAsync("plugin", "test", Builds.Plugin("NativeHeap"), "--options", """{ "size": "16MiB" }""");
        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
        Assert.Contains("exhaustion", ended.Output);
    }

    [Fact]
    public async Task Without_its_library_the_heap_says_what_it_misses()
    {
        var path = Deployed(withLibrary: false);
        using var sandbox = new CliSandbox();
        var ended = await sandbox.RunAsync("serve", "--plugin", path);
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("libcarveout.so for this machine is not in the plugin's folder", ended.Error);
    }

    [Fact]
    public void With_a_library_for_another_processor_it_is_refused_before_anything_is_loaded()
    {
        NeedsCompiler();
        var path = Deployed(withLibrary: true);
        var library = Directory.EnumerateFiles(Path.GetDirectoryName(path)!, NativeLibrary, SearchOption.AllDirectories).Single();
        var bytes = File.ReadAllBytes(library);
        bytes[18] = (byte)(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 62 : 183);
        File.WriteAllBytes(library, bytes);

        var refused = Assert.Throws<PluginException>(() => _plugins.Loader.Load(path));
        Assert.Equal(PluginRefusal.WrongArchitecture, refused.Refusal);
        Assert.Contains(NativeLibrary, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_plugins_of_one_assembly_name_are_two_plugins()
    {
        using var directory = new DmaHeap.Tests.Linux.TemporaryDirectory();
        var (first, second) = (_plugins.Deploy("CountingHeap"), _plugins.Deploy("CountingHeap", AssemblyBytes.Version(7, 0)));
        directory.Write("plugins.json", $$"""{ "version": 1, "heaps": { "one": { "plugin": "{{first}}" }, "two": { "plugin": "{{second}}" } } }""");
        using var host = new TestHost(options => options with { ConfigurationPath = directory["plugins.json"] });
        foreach (var heap in new[] { "one", "two" }) host.Allocate(4096, heap).Dispose();

        var loaded = AppDomain.CurrentDomain.GetAssemblies()
            .Where(assembly => assembly.GetName().Name == "CountingHeap" && AssemblyLoadContext.GetLoadContext(assembly) != AssemblyLoadContext.Default)
            .Select(assembly => assembly.GetName().Version!.Major).ToHashSet();
        Assert.Superset(new HashSet<int> { 0, 7 }, loaded);
    }

    string Deployed(bool withLibrary)
    {
        var path = _plugins.Deploy("NativeHeap");
        var target = Path.GetDirectoryName(path)!;
        if (withLibrary)
        {
            var library = NeedsCompiler();
            var copy = Path.Combine(target, Path.GetRelativePath(Builds.Folder("NativeHeap"), library));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(library, copy);
        }

        return path;
    }

    static string NeedsCompiler()
    {
        var library = Directory.EnumerateFiles(Builds.Folder("NativeHeap"), NativeLibrary, SearchOption.AllDirectories).SingleOrDefault();
        Assert.SkipWhen(library is null, "the sample was built without a C compiler (cc)");
        return library!;
    }
}
