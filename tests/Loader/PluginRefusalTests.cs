using System.Reflection;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using DmaHeap.Plugins;

namespace DmaHeap.Tests.Loader;

/// <summary>Every way a plugin file can be wrong, told by kind and in words, with nothing of it left behind.</summary>
public sealed class PluginRefusalTests : IDisposable
{
    static readonly Version s_contract = typeof(IHeap).Assembly.GetName().Version!;

    readonly PluginSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void A_good_plugin_is_not_refused() => _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin")).Dispose();

    [Fact]
    public void A_file_that_is_not_there() => Refused("/nowhere/Some.dll", PluginRefusal.NotFound, "/nowhere/Some.dll");

    [Fact]
    public void A_folder() => Refused(Path.GetTempPath(), PluginRefusal.NotAnAssembly);

    [Fact]
    public void A_text_file() => Refused(_sandbox.NewFile("Text.dll", "heap = system\n"u8), PluginRefusal.NotAnAssembly, "not a .NET assembly");

    [Fact]
    public void A_native_library() => Refused(_sandbox.NewFile("Native.dll", File.ReadAllBytes("/proc/self/exe")), PluginRefusal.NotAnAssembly, "ELF");

    [Fact]
    public void No_bytes() => Refused(_sandbox.NewFile("Empty.dll", []), PluginRefusal.BadImage, "empty");

    [Theory]
    [InlineData(2)]
    [InlineData(0x90)]
    [InlineData(700)]
    [InlineData(-1)]
    public void A_part_of_an_assembly(int length) => Refused(
        _sandbox.Deploy("GoodPlugin", bytes => length < 0 ? bytes[..^1] : bytes[..length]), PluginRefusal.BadImage, "Build or copy it again");

    [Fact]
    public void An_assembly_without_a_heap() => Refused(
        _sandbox.NewFile("Nothing.dll", AssemblyBytes.Empty("Nothing", "System.Runtime", new Version(10, 0, 0, 0))), PluginRefusal.NoHeapInside, "HeapType(typeof(");

    [Fact]
    public void An_assembly_of_dotnet_framework() => Refused(
        _sandbox.NewFile("Old.dll", AssemblyBytes.Empty("Old", "mscorlib", new Version(4, 0, 0, 0))), PluginRefusal.NotForThisFramework, ".NET Framework");

    [Fact]
    public void A_plugin_for_a_newer_dotnet() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.Text(".NETCoreApp,Version=v10.0", ".NETCoreApp,Version=v99.0")), PluginRefusal.NotForThisFramework, "v99.0");

    [Fact]
    public void A_plugin_for_a_newer_contract() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("DmaHeap.Abstractions", (ushort)s_contract.Major, (ushort)(s_contract.Minor + 1))),
        PluginRefusal.ContractTooNew, $"{s_contract.Major}.{s_contract.Minor + 1}", $"this host has {s_contract.Major}.{s_contract.Minor}");

    [Fact]
    public void A_plugin_for_a_contract_of_another_major() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("DmaHeap.Abstractions", 9, 0)), PluginRefusal.ContractTooNew, "9.0");

    [Theory]
    [InlineData("0.1", "0.1", null)]
    [InlineData("0.2", "0.1", PluginRefusal.ContractTooNew)]
    [InlineData("0.1", "0.2", PluginRefusal.ContractTooOld)]
    [InlineData("0.9", "1.0", PluginRefusal.ContractTooOld)]
    [InlineData("1.0", "0.9", PluginRefusal.ContractTooNew)]
    [InlineData("1.0", "1.5", null)]
    [InlineData("1.5", "1.5", null)]
    [InlineData("1.6", "1.5", PluginRefusal.ContractTooNew)]
    [InlineData("2.0", "1.5", PluginRefusal.ContractTooNew)]
    [InlineData("1.5", "2.0", PluginRefusal.ContractTooOld)]
    [InlineData("0.1.9", "0.1.0", null)]
    public void Versions_fit_within_a_major_and_below_one_within_a_minor(string built, string host, PluginRefusal? expected) =>
        Assert.Equal(expected, DmaHeap.Plugins.Inspection.ContractVersion.Compare(Version.Parse(built), Version.Parse(host))?.Refusal);

    [Fact]
    public void A_plugin_that_refers_to_the_host_is_told_why_even_when_it_brings_a_copy()
    {
        string path = _sandbox.Deploy("HostReferencingPlugin");
        Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(path)!, "DmaHeap.Plugins.dll")));
        Refused(path, PluginRefusal.ReferencesHost, "refers to DmaHeap.Plugins, an assembly of the host", "DmaHeap.Abstractions only", "remove that reference");
    }

    [Fact]
    public void So_is_one_that_refers_to_the_framework_of_the_host() => Refused(
        _sandbox.Deploy("HostReferencingPlugin", AssemblyBytes.Text("DmaHeap.Plugins", "DmaHeap.Hosting")), PluginRefusal.ReferencesHost, "DmaHeap.Hosting");

    [Fact]
    public void So_is_one_whose_library_does()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string library = Path.Combine(Path.GetDirectoryName(path)!, "GoodLibrary.dll");
        File.WriteAllBytes(library, AssemblyBytes.Empty("GoodLibrary", "DmaHeap.Hosting", s_contract));
        Refused(path, PluginRefusal.ReferencesHost, "its library GoodLibrary refers to DmaHeap.Hosting");
    }

    [Fact]
    public void A_plugin_without_a_library_it_needs()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        File.Delete(Path.Combine(Path.GetDirectoryName(path)!, "GoodLibrary.dll"));
        Refused(path, PluginRefusal.MissingDependency, "GoodLibrary 3.1.4.0", "EnableDynamicLoading");
    }

    [Fact]
    public void A_plugin_that_needs_a_newer_library_than_this_dotnet_has() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("System.Threading", 99, 0)), PluginRefusal.MissingDependency, "System.Threading 99.0");

    [Fact]
    public void A_plugin_for_another_processor()
    {
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        Refused(
            _sandbox.Deploy("GoodPlugin", AssemblyBytes.ForMachine(arm ? Machine.Amd64 : Machine.Arm64)),
            PluginRefusal.WrongArchitecture, arm ? "code for x64" : "code for arm64", arm ? "linux-arm64" : "linux-x64");
    }

    [Theory]
    [InlineData(183, 2, 1, "arm64")]
    [InlineData(62, 2, 1, "x64")]
    [InlineData(62, 1, 1, "x64 (32 bits)")]
    [InlineData(183, 2, 2, "arm64 (big-endian)")]
    [InlineData(40, 1, 1, "arm")]
    [InlineData(999, 2, 1, "machine 999")]
    public void A_native_library_for_another_processor(ushort machine, byte bits, byte order, string name)
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string library = Path.Combine(Path.GetDirectoryName(path)!, "libprobe_native.so");
        byte[] header = [0x7f, (byte)'E', (byte)'L', (byte)'F', bits, order, .. new byte[58]];
        if (order == 2) System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(18), machine);
        else System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(18), machine);
        File.WriteAllBytes(library, header);

        Assert.Equal(name, PluginInspector.Inspect(path).NativeLibraries.Single().Architecture);
        if (name == RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()) _sandbox.Loader.Load(path).Dispose();
        else Refused(path, PluginRefusal.WrongArchitecture, "its native library libprobe_native.so is for " + name, "runtimes/linux-PROCESSOR/native");
    }

    [Fact]
    public void Libraries_for_other_processors_in_folders_of_their_own_are_no_reason()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        foreach (string folder in new[] { "runtimes/linux-riscv64/native", "firmware" })
        {
            string target = Path.Combine(Path.GetDirectoryName(path)!, folder);
            Directory.CreateDirectory(target);
            File.WriteAllBytes(Path.Combine(target, "libdsp.so"), [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, .. new byte[12], 243, 0, .. new byte[40]]);
        }

        PluginManifest manifest = PluginInspector.Inspect(path);
        Assert.Empty(manifest.NativeLibraries);
        Assert.Empty(manifest.Problems);
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(700, "is damaged")]
    [InlineData(-1, "is cut off")]
    public void A_library_it_brings_that_is_not_whole(int length, string words)
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string library = Path.Combine(Path.GetDirectoryName(path)!, "GoodLibrary.dll");
        File.WriteAllBytes(library, length < 0 ? File.ReadAllBytes(library)[..^1] : File.ReadAllBytes(library)[..length]);
        var refused = Assert.Throws<PluginException>(() => _sandbox.Loader.Load(path));
        Assert.Equal(PluginRefusal.BadImage, refused.Refusal);
        Assert.Contains($"{library} {words}", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Copies);
    }

    [Fact]
    public void An_assembly_that_says_it_is_for_dotnet_framework() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.Text(".NETCoreApp,Version=v10.0", ".NETFramework,Version=4.8")),
        PluginRefusal.NotForThisFramework, ".NETFramework,Version=4.8", "Build it for net");

    [Fact]
    public void Our_own_processor_is_no_reason()
    {
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        PluginManifest manifest = PluginInspector.Inspect(_sandbox.Deploy("GoodPlugin", AssemblyBytes.ForMachine(arm ? Machine.Arm64 : Machine.Amd64)));
        Assert.Empty(manifest.Problems);
        Assert.NotNull(manifest.Machine);
    }

    [Fact]
    public void Code_compiled_ahead_for_this_machine_is_no_reason_and_for_another_system_it_is()
    {
        // .NET's own libraries are compiled ahead; one of them serves, though it has no heap inside. A bare machine number means Windows.
        byte[] library = File.ReadAllBytes(typeof(System.Text.Json.JsonDocument).Assembly.Location);
        ushort machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (ushort)Machine.Arm64 : (ushort)Machine.Amd64;
        PluginManifest ours = PluginInspector.Inspect(_sandbox.NewFile("System.Text.Json.dll", library));
        PluginManifest theirs = PluginInspector.Inspect(
            _sandbox.NewFile("System.Text.Json.dll", AssemblyBytes.ForMachine((Machine)machine)(library)));

        Assert.True(ours.IsReadyToRun);
        Assert.Equal((Machine)machine, ours.Machine);
        Assert.Equal([PluginRefusal.NoHeapInside], ours.Problems.Select(problem => problem.Refusal));
        Assert.Contains(theirs.Problems, problem => problem.Refusal == PluginRefusal.WrongArchitecture && problem.Message.Contains("windows-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_heap_type_that_is_not_public() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.TypeAttribute("ProbeHeap", TypeAttributes.VisibilityMask, 0)), PluginRefusal.HeapTypeInvalid, "GoodPlugin.ProbeHeap", "not public");

    [Fact]
    public void A_heap_type_that_is_abstract() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.TypeAttribute("PlainHeap", TypeAttributes.Sealed, TypeAttributes.Abstract)), PluginRefusal.HeapTypeInvalid, "GoodPlugin.PlainHeap", "abstract");

    [Fact]
    public void A_heap_type_without_the_constructor() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.PrivateConstructors("ProbeHeap")), PluginRefusal.HeapTypeInvalid, "no public constructor (IHeapContext, ProbeOptions)");

    [Fact]
    public void Options_without_a_constructor() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.PrivateConstructors("ProbeOptions")), PluginRefusal.HeapTypeInvalid, "options ProbeOptions");

    [Fact]
    public void A_heap_type_that_does_not_exist() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.Text("GoodPlugin.ProbeHeap", "GoodPlugin.ProbeHoop")), PluginRefusal.HeapTypeInvalid, "GoodPlugin.ProbeHoop", "no such class");

    [Fact]
    public void A_heap_type_that_is_no_heap() => Refused(
        _sandbox.Deploy("GoodPlugin", AssemblyBytes.Text("GoodPlugin.ProbeHeap", "GoodPlugin.NotAnHeap")), PluginRefusal.HeapTypeInvalid, "does not implement DmaHeap.IHeap");

    [Fact]
    public void All_problems_are_told_at_once()
    {
        string path = _sandbox.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("DmaHeap.Abstractions", 9, 0));
        File.Delete(Path.Combine(Path.GetDirectoryName(path)!, "GoodLibrary.dll"));
        Assert.Equal([PluginRefusal.ContractTooNew, PluginRefusal.MissingDependency], PluginInspector.Inspect(path).Problems.Select(problem => problem.Refusal));
        Refused(path, PluginRefusal.ContractTooNew, "Also:", "GoodLibrary");
    }

    [Fact]
    public void A_file_changed_after_it_was_inspected()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        PluginManifest manifest = PluginInspector.Inspect(path);
        File.WriteAllBytes(path, AssemblyBytes.Version(7, 7)(File.ReadAllBytes(path)));
        var refused = Assert.Throws<PluginException>(() => _sandbox.Loader.Load(manifest));
        Assert.Equal(PluginRefusal.Changed, refused.Refusal);
        Assert.Empty(_sandbox.Copies);
    }

    void Refused(string path, PluginRefusal expected, params string[] words)
    {
        var refused = Assert.Throws<PluginException>(() => _sandbox.Loader.Load(path));
        Assert.Equal(expected, refused.Refusal);
        foreach (string word in words.Append(Path.GetFileName(path)))
            Assert.Contains(word, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Copies);
    }
}
