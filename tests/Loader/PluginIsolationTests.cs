using System.Diagnostics;
using System.Runtime.Loader;
using DmaHeap.Plugins;

namespace DmaHeap.Tests.Loader;

public sealed class PluginIsolationTests : IDisposable
{
    readonly PluginSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void The_contract_is_the_hosts_own_even_when_the_plugin_brings_a_copy()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        File.Copy(typeof(IHeap).Assembly.Location, Path.Combine(Path.GetDirectoryName(path)!, "DmaHeap.Abstractions.dll"));
        using LoadedPlugin plugin = _sandbox.Loader.Load(path);

        Assert.All(plugin.HeapTypes, heap => Assert.True(typeof(IHeap).IsAssignableFrom(heap.HeapType)));
        Assert.Equal(typeof(IHeap).Assembly.FullName, PluginSandbox.Ask(plugin, "DmaHeap.Abstractions"));
    }

    [Fact]
    public void Heap_types_come_with_their_options_name_and_capabilities()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));

        Assert.Equal(["probe", "PlainHeap"], plugin.HeapTypes.Select(heap => heap.Name));
        Assert.Equal(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled, plugin.HeapTypes[0].Capabilities);
        Assert.Equal(HeapCapabilities.None, plugin.HeapTypes[1].Capabilities);
        Assert.Equal("ProbeOptions", plugin.HeapTypes[0].OptionsType!.Name);
        Assert.Null(plugin.HeapTypes[1].OptionsType);
        using IHeap plain = plugin.CreateHeap(plugin.HeapTypes[1], new FakeHeapContext(), options: null);
        Assert.Throws<HeapException>(() => plain.Allocate(default, default));
    }

    [Theory]
    [InlineData("SystemHeap")]
    [InlineData("CmaHeap")]
    [InlineData("SecureHeap")]
    [InlineData("AttachTimeHeap")]
    [InlineData("RegionHeap")]
    public void The_heaps_of_the_house_are_plugins_like_any_other(string heap)
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy(heap));
        Assert.NotEmpty(plugin.HeapTypes);
        Assert.All(plugin.Manifest.References, reference => Assert.True(reference.Kind is PluginReferenceKind.Contract or PluginReferenceKind.Framework, reference.Name));
    }

    [Fact]
    public void Options_of_the_wrong_kind_are_refused()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));
        Assert.Throws<ArgumentException>(() => plugin.CreateHeap(plugin.HeapTypes[0], new FakeHeapContext(), options: null));
        Assert.Throws<ArgumentException>(() => plugin.CreateHeap(plugin.HeapTypes[1], new FakeHeapContext(), options: "some"));
    }

    [Theory]
    [InlineData("as built")]
    [InlineData("absent")]
    [InlineData("{ damaged")]
    [InlineData("""{"runtimeTarget":{"name":".NETCoreApp,Version=v10.0"},"targets":{".NETCoreApp,Version=v10.0":{"Gone/1.0.0":{"runtime":{"Gone.dll":{}}}}},"libraries":{"Gone/1.0.0":{"type":"project","serviceable":false,"sha512":""}}}""")]
    public void A_private_library_comes_from_the_copy_whatever_deps_json_says(string dependencies)
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string file = Path.ChangeExtension(path, ".deps.json");
        if (dependencies == "absent")
            File.Delete(file);
        else if (dependencies != "as built")
            File.WriteAllText(file, dependencies);
        using LoadedPlugin plugin = _sandbox.Loader.Load(path);

        Assert.Equal("3.1.4.0", PluginSandbox.Ask(plugin, "library"));
        Assert.Equal(plugin.CopyFolder, PluginSandbox.Ask(plugin, "library-folder"));
    }

    [Fact]
    public void A_library_is_loaded_when_it_is_first_used()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));
        Assert.Equal(["GoodPlugin"], Loaded());
        PluginSandbox.Ask(plugin, "library");
        Assert.Equal(["GoodLibrary", "GoodPlugin"], Loaded());

        string[] Loaded() => [.. AssemblyLoadContext.GetLoadContext(plugin.HeapTypes[0].HeapType.Assembly)!.Assemblies.Select(a => a.GetName().Name!).Order()];
    }

    [Theory]
    [InlineData("Microsoft.Extensions.Logging.Abstractions")]
    [InlineData("DmaHeap.Plugins")]
    [InlineData("DmaHeap.Hosting")]
    [InlineData("DmaHeap.Tests")]
    [InlineData("xunit.v3.assert")]
    public void What_the_host_has_is_not_there_for_a_plugin(string assembly)
    {
        // The control: here, in the host, the name leads to an assembly.
        Assert.NotNull(AssemblyLoadContext.Default.LoadFromAssemblyName(new(assembly)));
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));

        string answer = PluginSandbox.Ask(plugin, assembly);
        Assert.StartsWith("refused: Plugin 'GoodPlugin' asked for " + assembly, answer, StringComparison.Ordinal);
    }

    [Fact]
    public void What_dotnet_has_is_there_for_a_plugin()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));
        Assert.StartsWith("System.Text.Json, ", PluginSandbox.Ask(plugin, "System.Text.Json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_library_of_the_plugins_own_wins_over_dotnets_and_an_older_one_does_not()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string library = Path.Combine(Path.GetDirectoryName(path)!, "System.Xml.XPath.dll");
        File.WriteAllBytes(library, AssemblyBytes.Version(99, 0)(AssemblyBytes.Empty("System.Xml.XPath", "System.Runtime", new Version(10, 0, 0, 0))));
        using LoadedPlugin newer = _sandbox.Loader.Load(path);
        Assert.StartsWith("System.Xml.XPath, Version=99.0.", PluginSandbox.Ask(newer, "System.Xml.XPath"), StringComparison.Ordinal);

        File.WriteAllBytes(library, AssemblyBytes.Empty("System.Xml.XPath", "System.Runtime", new Version(10, 0, 0, 0)));
        using LoadedPlugin older = _sandbox.Loader.Load(path);
        Assert.StartsWith($"System.Xml.XPath, Version={Environment.Version.Major}.", PluginSandbox.Ask(older, "System.Xml.XPath"), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_versions_of_one_assembly_live_side_by_side_with_statics_of_their_own()
    {
        using LoadedPlugin old = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin", AssemblyBytes.Version(1, 0)));
        using LoadedPlugin next = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin", AssemblyBytes.Version(2, 0)));

        Assert.Equal(new Version(1, 0, 0, 0), old.HeapTypes[0].HeapType.Assembly.GetName().Version);
        Assert.Equal(new Version(2, 0, 0, 0), next.HeapTypes[0].HeapType.Assembly.GetName().Version);
        Assert.Equal("1", PluginSandbox.Ask(old, "created"));
        Assert.Equal("2", PluginSandbox.Ask(old, "created"));
        Assert.Equal("1", PluginSandbox.Ask(next, "created"));
    }

    [Fact]
    public void What_a_constructor_throws_comes_through_with_file_and_line()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));
        var thrown = Assert.Throws<HeapException>(() => PluginSandbox.Ask(plugin, "throw"));

        Assert.Equal("as asked", thrown.Message);
        Assert.Matches(@"ProbeHeap\.Refuse\(\).* in .*ProbeHeap\.cs:line \d+", thrown.StackTrace!);
    }

    [Theory]
    [InlineData("libprobe_native.so")]
    [InlineData("runtimes/RID/native/libprobe_native.so")]
    public void A_native_library_comes_from_the_plugins_folder(string place)
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string target = Path.Combine(
            Path.GetDirectoryName(path)!, place.Replace("RID", System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier, StringComparison.Ordinal));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Compile("int probe_answer(void) { return 42; }", target);
        using LoadedPlugin plugin = _sandbox.Loader.Load(path);

        Assert.Equal("42", PluginSandbox.Ask(plugin, "native"));
        Assert.Contains(plugin.CopyFolder + "/" + Path.GetRelativePath(Path.GetDirectoryName(path)!, target), File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_native_library_that_is_nowhere_is_not_found()
    {
        using LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"));
        Assert.Throws<DllNotFoundException>(() => PluginSandbox.Ask(plugin, "native"));
    }

    static void Compile(string source, string library)
    {
        Process? compiler;
        try
        {
            compiler = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-x", "c", "-o", library, "-"]) { RedirectStandardInput = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("no C compiler (cc) on this machine");
            return;
        }
        using (compiler)
        {
            compiler!.StandardInput.Write(source);
            compiler.StandardInput.Close();
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
    }
}
