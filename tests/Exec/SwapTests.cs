using System.Text.Json.Nodes;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary><c>exec --swap</c>: a script plays a heap for one run of a program that knows nothing of it.</summary>
public sealed class SwapTests : IDisposable
{
    // Allocates as often as told, holding all, and prints an errno (0: it worked) for each.
    private const string Allocate = """
        import fcntl, os, struct, sys
        node = os.open("/dev/dma_heap/" + sys.argv[1], os.O_RDONLY | os.O_CLOEXEC)
        for i in range(int(sys.argv[2])):
            try:
                fcntl.ioctl(node, 0xC0184800, bytearray(struct.pack("=QIIQ", 8192, 0, os.O_RDWR | os.O_CLOEXEC, 0)))
                print(0)
            except OSError as error:
                print(error.errno)
        """;

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task The_program_meets_what_the_script_says_and_the_journal_tells_it(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var script = Write("""{ "seed": 42, "rules": [ { "on": "allocate", "call": 3, "fail": "EBUSY" } ] }""");
        var journal = Path.Join(sandbox.Temporary, "calls.jsonl");

        var ended = await sandbox.RunAsync(["--swap", $"system={script}", "--journal", journal], [sandbox.Python(), "-c", Allocate, "system", "4"]);

        Assert.Equal((0, "0\n0\n16\n0\n"), (ended.ExitCode, ended.Output));
        Assert.Contains("dmaheap: system: This heap is a fake Seed=42 Rules=1", ended.Error);
        var lines = File.ReadAllLines(journal).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(Enumerable.Range(1, lines.Length), lines.Select(line => (int)line["n"]!));
        Assert.Equal(["ok", "ok", "EBUSY", "ok"], lines.Where(line => (string)line["hook"]! == "allocate").Select(line => (string)line["answer"]!));
        Assert.Equal(3, lines.Count(line => (string)line["hook"]! == "release"));
    }

    [Fact]
    public async Task Other_heaps_are_what_they_are_and_several_can_be_swapped_also_by_an_alias()
    {
        using var sandbox = new ExecSandbox();
        var script = Write("""{ "rules": [ { "on": "allocate", "fail": "ENODEV" } ] }""");

        var one = await sandbox.RunAsync(["--swap", $"system={script}"], [sandbox.Python(), "-c", Allocate, "region", "1"]);
        Assert.Equal("0\n", one.Output);
        var both = await sandbox.RunAsync(["--swap", $"system={script}", "--swap", $"reserved={script}"], [sandbox.Python(), "-c", Allocate, "region", "1"]);
        Assert.Equal("19\n", both.Output);
    }

    [Fact]
    public async Task A_heap_whose_own_plugin_is_not_there_can_be_swapped()
    {
        using var sandbox = new ExecSandbox();
        File.WriteAllText(sandbox.Configuration, """{ "version": 1, "heaps": { "npu": { "plugin": "NoSuchPlugin" } } }""");

        var ended = await sandbox.RunAsync(["--swap", $"npu={Write("{}")}"], [sandbox.Python(), "-c", Allocate, "npu", "1"]);

        Assert.Equal((0, "0\n"), (ended.ExitCode, ended.Output));
        Assert.Equal(125, (await sandbox.RunAsync("true")).ExitCode);
    }

    [Theory]
    [InlineData("sytem=SCRIPT", "has no heap \"sytem\" to be swapped; it has system, region")]
    [InlineData("system=MISSING", "cannot be read: ")]
    [InlineData("system=BAD", ":1:22: $.rules[0].on: expected one of \"allocate\", ")]
    [InlineData("system", "--swap system: write HEAP=SCRIPT, such as --swap system=script.json.")]
    [InlineData("=x", "write HEAP=SCRIPT")]
    public async Task What_cannot_be_swapped_is_refused_before_the_program_starts(string swap, string expected)
    {
        using var sandbox = new ExecSandbox();
        var bad = Write("""{ "rules": [ { "on": "alocate", "fail": "EIO" } ] }""", "bad.json");
        var ended = await sandbox.RunAsync(["--swap", swap.Replace("SCRIPT", Write("{}")).Replace("MISSING", _directory["missing.json"]).Replace("BAD", bad)], ["echo", "ran"]);

        Assert.Equal((125, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(expected, ended.Error);
    }

    [Fact]
    public async Task The_same_heap_is_not_swapped_twice()
    {
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunAsync(["--swap", $"region={Write("{}")}", "--swap", $"reserved={Write("{}")}"], ["echo", "ran"]);
        Assert.Equal((125, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("has one heap region, which cannot be swapped twice", ended.Error);
    }

    [Fact]
    public async Task Heaps_of_a_running_daemon_are_not_swapped_and_it_says_what_does_that()
    {
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunAsync(["--socket", sandbox.Socket, "--swap", $"system={Write("{}")}"], ["echo", "ran"]);
        Assert.Equal((125, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("dmaheap swap HEAP --plugin FakeHeap --options SCRIPT", ended.Error);

        var alone = await sandbox.RunAsync(["--journal", _directory["j"]], ["echo", "ran"]);
        Assert.Contains("--journal goes with --swap", alone.Error);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_is_told_before_the_program_starts()
    {
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunAsync(["--swap", $"system={Write("{}")}", "--journal", _directory["no/such/file"]], ["echo", "ran"]);
        Assert.Equal((125, ""), (ended.ExitCode, ended.Output));
    }

    [Theory]
    [InlineData("untilCancelled")]
    [InlineData("untilStopped")]
    [InlineData("forever")]
    public async Task A_program_that_was_killed_while_a_heap_hangs_is_let_go_of(string hang)
    {
        using var sandbox = new ExecSandbox();
        var script = Write($$"""{ "rules": [ { "on": "allocate", "hang": "{{hang}}" } ] }""");
        var journal = _directory["calls.jsonl"];
        const string KillOnceItHangs = """
            journal=$1; shift
            "$@" &
            until grep -q '"answer":"hangs"' "$journal"; do sleep 0.05; done
            kill -KILL $!
            wait $!
            echo $?
            """;
        var ended = await sandbox.RunAsync(
            ["--swap", $"system={script}", "--journal", journal], ["bash", "-c", KillOnceItHangs, "bash", journal, sandbox.Python(), "-c", Allocate, "system", "1"]);

        Assert.Equal("137\n", ended.Output);
    }

    public void Dispose() => _directory.Dispose();

    private string Write(string script, string name = "script.json")
    {
        const UnixFileMode Everybodys = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        _directory.Write(name, script);
        File.SetUnixFileMode(_directory.Path, Everybodys);
        return _directory[name];
    }
}
