using System.Runtime.CompilerServices;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>When the launcher builds and what it runs, with a dotnet in its path that only writes down that it was called.</summary>
public sealed class LauncherTests : IDisposable
{
    // Says how it was called, waits for a go if there is a gate, and "builds" a program that prints its version and arguments.
    const string Dotnet = """
        #!/bin/bash
        echo "$*" >>"$FAKE/calls"
        [[ ! -e $FAKE/gate ]] || read -r <"$FAKE/gate"
        [[ ! -e $FAKE/broken ]] || exit 1
        while [[ $1 != --output ]]; do shift; done
        version=$(<"$FAKE/version")
        printf '#!/bin/bash\necho "version %s root $DOTNET_ROOT"\nprintf "[%%s]\\n" "$@"\n[[ $1 != environment ]] || echo "$DOTNET_EnableDiagnostics $DMAHEAP_LAUNCHER"\n[[ $1 != wait ]] || read -r <"$FAKE/wait"\n[[ -e $0 ]] || echo "my build is gone"\n' "$version" >"$2/dmaheap"
        chmod +x "$2/dmaheap"
        echo "chatter of the build"
        """;

    const string Diagnostics = "DOTNET_EnableDiagnostics";

    readonly TemporaryDirectory _directory = new();

    public LauncherTests()
    {
        Clone = _directory["a [clone]; with, odd %20 *name"];
        Directory.CreateDirectory(Clone);
        File.Copy(Path.Combine(SourceFolder(), "../../dmaheap"), Launcher);
        File.WriteAllText(Source, "class Program;");
        File.WriteAllText(Path.Combine(Clone, "plugins.json"), "{}");
        _directory.Write("dotnet", Dotnet);
        File.SetUnixFileMode(_directory["dotnet"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        SetVersion(1);
    }

    string Clone { get; }

    string Launcher => Path.Combine(Clone, "dmaheap");

    string Source => Path.Combine(Clone, "Program.cs");

    string[] Builds => Directory.GetDirectories(Path.Combine(Clone, "artifacts/launcher"), "build-*");

    int Calls => File.Exists(_directory["calls"]) ? File.ReadAllLines(_directory["calls"]).Length : 0;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_first_use_builds_and_the_next_does_not()
    {
        var first = await RunAsync("list", "two words");
        Assert.Equal((0, $"version 1 root {_directory.Path}\n[list]\n[two words]\n"), (first.ExitCode, first.Output));
        Assert.Contains("chatter of the build", first.Error);
        var second = await RunAsync();
        Assert.Equal("", second.Error);
        Assert.Equal(1, Calls);
    }

    [Fact]
    public async Task Diagnostics_are_off_unless_asked_for_and_noted_as_not_given()
    {
        var usual = await RunAsync("environment");
        Assert.Matches("\n0 .*unset=([A-Z_]+,)?DOTNET_EnableDiagnostics\n", usual.Output);
        var asked = await RunningProgram.RunAsync(Launcher, ["environment"], new Dictionary<string, string?>(Variables) { [Diagnostics] = "1" });
        Assert.Contains("\n1 ", asked.Output);
        Assert.DoesNotContain(Diagnostics, asked.Output);
    }

    [Fact]
    public async Task Called_by_a_link_from_elsewhere_it_is_the_same()
    {
        File.CreateSymbolicLink(_directory["link"], Launcher);
        var ended = await RunningProgram.RunAsync(_directory["link"], [], Variables);
        Assert.StartsWith("version 1", ended.Output);
        Assert.Single(Builds);
    }

    [Theory]
    [InlineData("Program.cs", true)]
    [InlineData("plugins.json", true)]
    [InlineData("Room/New.cs", true)]
    [InlineData("Room/New.csproj", true)]
    [InlineData("Room/data.json", false)]
    [InlineData("README.md", false)]
    [InlineData("tests/New.cs", false)]
    [InlineData("docs/new.json", false)]
    [InlineData("templates/New.cs", false)]
    [InlineData(".git/New.cs", false)]
    public async Task It_builds_again_when_a_source_changed_and_only_then(string changed, bool builds)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Clone, changed))!);
        // A file that is new in a directory of sources changes the directory; whether its kind counts shows one that was there.
        if (!builds) Touch(changed, minutes: -1);
        await RunAsync();
        SetVersion(2);
        Touch(changed);
        Assert.StartsWith(builds ? "version 2" : "version 1", (await RunAsync()).Output);
        Assert.Equal(builds ? 2 : 1, Calls);
    }

    [Fact]
    public async Task It_builds_again_when_a_source_is_gone()
    {
        var source = Path.Combine(Clone, "Room/Old.cs");
        Directory.CreateDirectory(Path.GetDirectoryName(source)!);
        File.WriteAllText(source, "");
        await RunAsync();
        File.Delete(source);
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(source)!, DateTime.UtcNow.AddMinutes(1));
        await RunAsync();
        Assert.Equal(2, Calls);
    }

    [Fact]
    public async Task Two_first_uses_at_once_build_once()
    {
        await MakePipeAsync("gate");
        using var first = Start();
        using var second = Start();
        // Opened when a build reads it: the other launcher waits, or has yet to find that it must.
        await File.WriteAllTextAsync(_directory["gate"], "\n");
        Assert.StartsWith("version 1", (await first.EndAsync()).Output);
        Assert.StartsWith("version 1", (await second.EndAsync()).Output);
        Assert.Equal(1, Calls);
        Assert.Single(Builds);
    }

    [Fact]
    public async Task A_running_programs_build_stays_until_it_has_ended()
    {
        await MakePipeAsync("wait");
        using var running = Start("wait");
        await running.PrintedAsync(text => text.Contains("[wait]"));
        SetVersion(2);
        Touch("Program.cs");
        Assert.StartsWith("version 2", (await RunAsync()).Output);
        Assert.Equal(2, Builds.Length);

        await File.WriteAllTextAsync(_directory["wait"], "\n");
        Assert.DoesNotContain("my build is gone", (await running.EndAsync()).Output);
        SetVersion(3);
        Touch("Program.cs", minutes: 2);
        await RunAsync();
        Assert.Single(Builds);
    }

    [Fact]
    public async Task A_build_that_fails_runs_nothing_leaves_nothing_and_is_tried_again()
    {
        _directory.Write("broken", "");
        var ended = await RunAsync();
        Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("dmaheap: the build failed", ended.Error);
        Assert.Empty(Builds);
        Assert.Empty(Directory.GetDirectories(Path.Combine(Clone, "artifacts/launcher"), "new-*"));
        File.Delete(_directory["broken"]);
        Assert.StartsWith("version 1", (await RunAsync()).Output);
    }

    [Fact]
    public async Task Without_dotnet_it_says_what_is_missing()
    {
        File.Delete(_directory["dotnet"]);
        var ended = await RunningProgram.RunAsync("/bin/bash", [Launcher], new Dictionary<string, string?>(Variables) { ["PATH"] = await ToolsAsync() });
        Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("the .NET 10 SDK is needed", ended.Error);
    }

    Dictionary<string, string?> Variables => new()
    {
        ["FAKE"] = _directory.Path,
        ["PATH"] = $"{_directory.Path}:{Environment.GetEnvironmentVariable("PATH")}",
        ["DOTNET_ROOT"] = null,
        [Diagnostics] = null,
        ["HOME"] = _directory.Path,
    };

    RunningProgram Start(params string[] arguments) => RunningProgram.Start(Launcher, arguments, Variables);

    Task<Ended> RunAsync(params string[] arguments) => RunningProgram.RunAsync(Launcher, arguments, Variables);

    void SetVersion(int version) => _directory.Write("version", version.ToString());

    // A minute ahead, as file times are coarse; the launcher compares times, not contents.
    void Touch(string file, int minutes = 1)
    {
        var path = Path.Combine(Clone, file);
        File.AppendAllText(path, " ");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(minutes));
    }

    async Task MakePipeAsync(string name) => Assert.Equal(0, (await RunningProgram.RunAsync("mkfifo", [_directory[name]])).ExitCode);

    // A path of only what the launcher needs: where dotnet is installed, the other tools may be too.
    async Task<string> ToolsAsync()
    {
        Directory.CreateDirectory(_directory["tools"]);
        foreach (var tool in new[] { "readlink", "find", "mkdir", "flock", "rm", "mktemp", "touch", "uname" })
        {
            var found = await RunningProgram.RunAsync("/bin/bash", ["-c", $"command -v {tool}"]);
            File.CreateSymbolicLink(Path.Combine(_directory["tools"], tool), found.Output.Trim());
        }

        return _directory["tools"];
    }

    static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
