using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>A directory with a configuration of the shipped heaps, and a command line that knows no other place.</summary>
sealed class CliSandbox : IDisposable
{
    public const int SigInt = 2, SigKill = 9, SigTerm = 15, SigStop = 19;

    readonly TemporaryDirectory _directory = new();

    public CliSandbox()
    {
        Directory.CreateDirectory(Temporary);
        WriteConfiguration("""
            "system": { "plugin": "SystemHeap" },
            "region": { "plugin": "CmaHeap", "aliases": ["reserved", "linux,cma"], "options": { "size": "64MiB" } },
            "secure": { "plugin": "SecureHeap", "required": false }
            """);
    }

    public string Configuration => _directory["plugins.json"];

    /// <summary>Whether programs offer .NET's diagnostics, as they do by default: then a killed one leaves files in <see cref="Temporary"/>.</summary>
    public bool Diagnostics { get; init; }

    public string Socket => _directory["socket"];

    /// <summary>What the programs take for /tmp.</summary>
    public string Temporary => _directory["tmp"];

    /// <summary>What lies in the directory and in the programs' temporary one, but for what belongs to the sandbox itself and the folder that plugins are copied to.</summary>
    public string[] LeftBehind =>
        [.. Directory.EnumerateFileSystemEntries(_directory.Path, "*", SearchOption.AllDirectories)
            .Where(path => path != Configuration && path != Temporary && !Path.GetFileName(path).StartsWith("dmaheap-plugins-", StringComparison.Ordinal))];

    public void WriteConfiguration(string heaps) => _directory.Write("plugins.json", $$"""{ "version": 1, "heaps": { {{heaps}} } }""");

    public string Write(string name, string text)
    {
        _directory.Write(name, text);
        return _directory[name];
    }

    public RunningProgram Start(params string[] arguments) => RunningProgram.Start(Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), arguments, Environment());

    /// <summary>Starts it with more variables than it has anyway.</summary>
    public RunningProgram StartIn(IEnumerable<(string Name, string Value)> variables, params string[] arguments)
    {
        var environment = Environment();
        foreach (var (name, value) in variables) environment[name] = value;
        return RunningProgram.Start(Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), arguments, environment);
    }

    /// <summary>Starts another program in the same environment, which may become another user: the directory is opened to all, as /tmp is.</summary>
    public RunningProgram StartOther(string program, params string[] arguments)
    {
        const UnixFileMode LikeTmp = (UnixFileMode)0b001_111_111_111;
        File.SetUnixFileMode(_directory.Path, LikeTmp);
        File.SetUnixFileMode(Temporary, LikeTmp);
        return RunningProgram.Start(program, arguments, Environment());
    }

    public async Task<Ended> RunAsync(params string[] arguments)
    {
        using var program = Start(arguments);
        return await program.EndAsync();
    }

    /// <summary>Runs it as <c>dotnet dmaheap.dll</c>.</summary>
    public Task<Ended> RunByDotnetAsync(params string[] arguments) => RunningProgram.RunAsync(
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet")),
        arguments.Prepend(Builds.File("DmaHeap.Cli", "dmaheap")), Environment());

    /// <summary>Runs a command that succeeds, and reads its one document.</summary>
    public async Task<JsonNode> AskAsync(params string[] arguments)
    {
        var ended = await RunAsync([.. arguments, "--json"]);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: exit code {ended.ExitCode}\n{ended.Output}\n{ended.Error}");
        return JsonNode.Parse(ended.Output)!;
    }

    /// <summary>Starts a host and waits until it serves.</summary>
    /// <param name="through">A command that becomes the program named after it; none to start the host itself.</param>
    public async Task<RunningProgram> ServeAsync(params string[] through)
    {
        string[] command = [.. through, Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "serve", "--json"];
        var host = RunningProgram.Start(command[0], command[1..], Environment());
        try
        {
            await host.PrintedAsync(IsDocument);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Whether a text is one whole JSON document.</summary>
    public static bool IsDocument(string text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public void Dispose() => _directory.Dispose();

    // Diagnostics are off as a killed runtime leaves their socket in the temporary directory.
    Dictionary<string, string?> Environment() => new()
    {
        ["DMAHEAP_CONFIG"] = Configuration,
        ["DMAHEAP_SOCKET"] = Socket,
        ["DMAHEAP_PLUGINS"] = string.Join(':', new[] { "SystemHeap", "CmaHeap", "SecureHeap", "AttachTimeHeap", "RegionHeap", "FakeHeap" }.Select(Builds.Folder)),
        ["TMPDIR"] = Temporary,
        ["DOTNET_EnableDiagnostics"] = Diagnostics ? "1" : "0",
    };
}
