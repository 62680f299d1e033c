using System.Diagnostics;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>Who runs <c>dmaheap exec</c>.</summary>
public enum User
{
    /// <summary>Whoever runs the tests.</summary>
    Ourselves,

    /// <summary>An ordinary user: nobody.</summary>
    Nobody,
}

/// <summary>A configuration of the shipped heaps, and programs run under <c>dmaheap exec</c> with it.</summary>
sealed class ExecSandbox : IDisposable
{
    private const UnixFileMode Everybodys =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TemporaryDirectory _directory = new();
    private readonly User _user;

    /// <param name="user">Who runs it. Skips the test where nobody cannot be had.</param>
    public ExecSandbox(User user = User.Ourselves)
    {
        _user = user;
        if (user == User.Nobody) SkipUnlessNobodyCanRunIt();
        File.SetUnixFileMode(_directory.Path, Everybodys);
        Configure("plugins.json", """
            {
              "version": 1,
              "heaps": {
                "system": { "plugin": "SystemHeap" },
                "region": { "plugin": "CmaHeap", "aliases": ["reserved", "linux,cma"], "options": { "size": "64MiB" } }
              }
            }
            """);
        Directory.CreateDirectory(Temporary);
        File.SetUnixFileMode(Temporary, Everybodys | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
    }

    /// <summary>Names in the configuration that the directory lists, and one that only opens.</summary>
    public static (string[] Heaps, string Alias) Names => (["system", "region"], "reserved");

    public string Configuration => _directory["plugins.json"];

    public string Socket => _directory["socket"];

    /// <summary>What the programs take for /tmp.</summary>
    public string Temporary => _directory["tmp"];

    /// <summary>A program's text in tests/native/exec.</summary>
    public static string Script(string name) => Repository.File("tests", "native", "exec", name);

    public static string Command => Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");

    /// <summary>Writes another configuration, to be named with <c>--config</c>.</summary>
    /// <returns>Its path.</returns>
    public string Configure(string name, string text)
    {
        _directory.Write(name, text);
        File.SetUnixFileMode(_directory[name], Everybodys);
        return _directory[name];
    }

    /// <summary>The command line of a program under <c>exec</c>, with an embedded host unless the options say otherwise.</summary>
    public string[] Under(string[] options, params string[] program)
    {
        string[] host = options.Contains("--socket") || options.Contains("--config") ? [] : ["--config", Configuration];
        return [Command, "exec", .. host, .. options, "--", .. program];
    }

    /// <summary>Runs a program under <c>exec</c> to its end.</summary>
    public Task<Ended> RunAsync(params string[] program) => RunAsync([], program);

    /// <inheritdoc cref="RunAsync(string[])"/>
    public async Task<Ended> RunAsync(string[] options, string[] program)
    {
        using var running = Start(Under(options, program));
        return await running.EndAsync();
    }

    /// <summary>Whether the directory is a private mount for this user here; else it is imitated.</summary>
    public async Task<bool> MountsAsync() => (await RunAsync(["--verbose"], ["true"])).Error.Contains("private mount", StringComparison.Ordinal);

    /// <summary>A python3 that the user may run. Skips the test where there is none.</summary>
    public string Python()
    {
        var folders = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin");
        var found = folders.Select(folder => Path.Combine(folder, "python3")).Where(File.Exists).FirstOrDefault(path => RunsFor(_user, path, "-c", "pass"));
        Assert.SkipWhen(found is null, "there is no python3 for this user");
        return found;
    }

    /// <summary>Runs a command as it is, by the same user and with the same environment.</summary>
    public async Task<Ended> RunPlainlyAsync(params string[] command)
    {
        using var running = Start(command);
        return await running.EndAsync();
    }

    /// <summary>Runs a program under <c>exec</c> where the kernel has heaps of these names, or seems to. Skips the test where that cannot be had.</summary>
    public async Task<Ended> RunAmongKernelHeapsAsync(string[] names, string[] options, params string[] program)
    {
        string[] among = ["sh", Script("kernel_heaps.sh"), .. names, "--"];
        Assert.SkipWhen(Directory.Exists("/dev/dma_heap"), "this kernel has heaps of its own already");
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "only root can mount what stands for the kernel's heaps");
        Assert.SkipUnless(RunsFor(User.Ourselves, [.. among, "true"]), "mounts or devices cannot be made here");
        using var running = RunningProgram.Start(among[0], [.. among[1..], .. As(_user, Under(options, program))], Environment());
        return await running.EndAsync();
    }

    /// <summary>Starts a command, which is spoken to.</summary>
    public RunningProgram StartTalking(params string[] command) => Start(command, spokenTo: true);

    public void Dispose() => _directory.Dispose();

    // setpriv becomes the program: nothing stands between it and the test.
    private static string[] AsNobody =>
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"];

    private static string[] As(User user, string[] command) => user == User.Nobody ? [.. AsNobody, .. command] : command;

    private static void SkipUnlessNobodyCanRunIt()
    {
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "only root can become another user");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv is not installed");
        Assert.SkipUnless(RunsFor(User.Nobody, "test", "-x", Command), "the build lies where nobody may not look");
    }

    private static bool RunsFor(User user, params string[] command)
    {
        var all = As(user, command);
        using var process = Process.Start(new ProcessStartInfo(all[0], all[1..]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private RunningProgram Start(string[] command, bool spokenTo = false)
    {
        var all = As(_user, command);
        return RunningProgram.Start(all[0], all[1..], Environment(), spokenTo);
    }

    // Diagnostics are off as a killed runtime leaves their socket in the temporary directory.
    private Dictionary<string, string?> Environment() => new()
    {
        ["DMAHEAP_CONFIG"] = null,
        ["DMAHEAP_SOCKET"] = _directory["no-such-socket"],
        ["DMAHEAP_PLUGINS"] = string.Join(':', new[] { "SystemHeap", "CmaHeap", "SecureHeap", "AttachTimeHeap", "RegionHeap", "FakeHeap" }.Select(Builds.Folder)),
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
        ["DOTNET_EnableDiagnostics"] = "0",
        ["PYTHONDONTWRITEBYTECODE"] = "1",
        ["HOME"] = Temporary,
        ["TMPDIR"] = Temporary,
    };
}
