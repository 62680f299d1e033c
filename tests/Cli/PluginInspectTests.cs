using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DmaHeap.Tests.Loader;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

public sealed class PluginInspectTests : IDisposable
{
    readonly CliSandbox _sandbox = new();
    readonly PluginSandbox _plugins = new();

    public void Dispose()
    {
        _sandbox.Dispose();
        _plugins.Dispose();
    }

    [Fact]
    public async Task All_that_a_plugin_is_stands_in_one_document()
    {
        var path = _plugins.Deploy("GoodPlugin");
        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(path)!, "libone.so"), File.ReadAllBytes("/proc/self/exe")[..64]);
        var document = await _sandbox.AskAsync("plugin", "inspect", path);

        Assert.True((bool)document["accepted"]!);
        Assert.Empty(document["problems"]!.AsArray());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), (string)document["sha256"]!);
        Assert.Equal((string)document["hostContract"]!, (string)document["contract"]!);
        Assert.Equal(["probe", "PlainHeap"], document["heaps"]!.AsArray().Select(heap => (string)heap!["type"]!));
        var probe = document["heaps"]![0]!;
        Assert.Equal(["cpuMappable", "zeroFilled"], probe["promises"]!.AsArray().Select(promise => (string)promise!));
        Assert.Equal("What the test wants to know from within the plugin.", (string)probe["options"]!["properties"]!["ask"]!["description"]!);
        var library = document["dependencies"]!.AsArray().Single(each => (string)each!["name"]! == "GoodLibrary")!;
        Assert.Equal(("private", "GoodLibrary.dll", "3.1.4.0"), ((string)library["kind"]!, (string)library["file"]!, (string)library["fileVersion"]!));
        Assert.Equal("contract", (string)document["dependencies"]!.AsArray().Single(each => (string)each!["name"]! == "DmaHeap.Abstractions")!["kind"]!);
        Assert.Equal("libone.so", (string)document["nativeLibraries"]![0]!["file"]!);
    }

    [Fact]
    public async Task The_options_are_those_the_host_binds_with_defaults_and_bounds()
    {
        var document = await _sandbox.AskAsync("plugin", "inspect", Builds.Plugin("CmaHeap"));
        var size = document["heaps"]![0]!["options"]!["properties"]!["size"]!;
        Assert.Equal("64MiB", (string)size["default"]!);

        var people = (await _sandbox.RunAsync("plugin", "inspect", Builds.Plugin("CmaHeap"))).Output;
        Assert.Matches("(?m)^size +.*\"64MiB\" +Size of the region", people);
        Assert.Matches("(?m)^pages +4KiB \\| 2MiB +\"4KiB\"", people);
        Assert.Matches("(?m)^this host +takes it", people);
        Assert.Matches("(?m)^DmaHeap.Abstractions .* contract", people);
    }

    [Fact]
    public async Task No_code_of_the_plugin_runs()
    {
        var path = _plugins.Deploy("GoodPlugin");
        var mark = path + ".ran";
        using (var inspecting = Start(mark, "plugin", "inspect", path)) Assert.Equal(0, (await inspecting.EndAsync()).ExitCode);
        using (var describing = Start(mark, "schema", "--plugin", path)) Assert.Contains("What the test wants to know", (await describing.EndAsync()).Output);
        Assert.False(File.Exists(mark));

        using var serving = Start(mark, "serve", "--json", "--plugin", path);
        await serving.PrintedAsync(CliSandbox.IsDocument);
        Assert.True(File.Exists(mark), "the control: a plugin that is served leaves its mark");
    }

    [Fact]
    public async Task A_plugin_that_this_host_refuses_is_described_all_the_same_with_every_reason()
    {
        var path = _plugins.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("DmaHeap.Abstractions", 9, 0));
        File.Delete(Path.Combine(Path.GetDirectoryName(path)!, "GoodLibrary.dll"));
        var ended = await _sandbox.RunAsync("plugin", "inspect", path, "--json");
        var document = JsonNode.Parse(ended.Output)!;

        Assert.Equal(78, ended.ExitCode);
        Assert.False((bool)document["accepted"]!);
        Assert.Equal(["contractTooNew", "missingDependency"], document["problems"]!.AsArray().Select(problem => (string)problem!["refusal"]!));
        Assert.Equal("9.0", (string)document["contract"]!);
        Assert.Equal(2, document["heaps"]!.AsArray().Count);
        Assert.Equal("missing", (string)document["dependencies"]!.AsArray().Single(each => (string)each!["name"]! == "GoodLibrary")!["kind"]!);

        var people = (await _sandbox.RunAsync("plugin", "inspect", path)).Output;
        Assert.Matches("(?m)^this host +refuses it", people);
        Assert.Contains("contractTooNew: it was built for DmaHeap.Abstractions 9.0; this host has", people);
    }

    [Fact]
    public async Task What_is_no_plugin_at_all_is_exit_code_78_and_a_sentence()
    {
        var ended = await _sandbox.RunAsync("plugin", "inspect", _plugins.NewFile("Text.dll", "heap = system\n"u8));
        Assert.Equal((78, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("not a .NET assembly", ended.Error);
    }

    RunningProgram Start(string mark, params string[] arguments) =>
        _sandbox.StartOther("/usr/bin/env", [$"GOODPLUGIN_RAN={mark}", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), .. arguments]);
}
