using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>What a program finds around itself, and what is seen of it from outside, is as without <c>exec</c>.</summary>
public sealed class CircumstanceTests
{
    [Theory]
    [InlineData("grep", "-E", "^(Umask|Uid|Gid|Groups|ShdPnd|SigPnd|SigBlk|SigIgn|Cap...|Cpus_allowed):", "/proc/self/status")]
    [InlineData("cat", "/proc/self/limits")]
    [InlineData("cat", "/proc/self/environ")]
    [InlineData("readlink", "/proc/self/cwd")]
    [InlineData("ls", "/proc/self/fd")]
    [InlineData("cat", "/proc/self/oom_score_adj")]
    [InlineData("cat", "/proc/self/cgroup")]
    [InlineData("sh", "-c", "cut -d' ' -f5-8,18,19,40,41 /proc/self/stat")] // group, session and terminal; priority and nice; real-time priority and policy
    public async Task A_program_finds_itself_where_it_was_put(params string[] program)
    {
        foreach (var user in new[] { User.Ourselves, User.Nobody })
        {
            if (user == User.Nobody && DmaHeap.Linux.ProcessIdentity.EffectiveUserId != 0) continue;
            using var sandbox = new ExecSandbox(user);
            var strange = ExecSandbox.Script("strange.py");
            var plainly = await sandbox.RunPlainlyAsync([sandbox.Python(), strange, .. program]);
            var under = await sandbox.RunPlainlyAsync([sandbox.Python(), strange, "--noted", .. sandbox.Under([], program)]);
            ProgramAssert.Exit(0, plainly);
            ProgramAssert.Exit(0, under);
            Assert.NotEmpty(plainly.Output);
            Assert.Equal(Comparable(program, plainly.Output), Comparable(program, under.Output));
        }
    }

    [Fact]
    public async Task Standard_streams_are_the_program_s()
    {
        using var sandbox = new ExecSandbox();
        using var program = sandbox.StartTalking(sandbox.Under([], "sh", "-c", "read x; echo \"out $x\"; echo \"err $x\" >&2"));
        program.Say("line");
        program.Hush();
        var ended = await program.EndAsync();
        Assert.Equal((0, "out line\n", "err line\n"), (ended.ExitCode, ended.Output, ended.Error));
    }

    [Fact]
    public async Task Closed_streams_stay_closed()
    {
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunPlainlyAsync(
            ["sh", "-c", "exec \"$@\" <&- 2>&-", "sh", .. sandbox.Under([], "sh", "-c", "for i in 0 1 2; do [ -e /proc/self/fd/$i ] && echo $i; done")]);
        Assert.Equal("1\n", ended.Output);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 1", 1)]
    [InlineData("exit 3", 3)]
    [InlineData("exit 78", 78)]
    [InlineData("exit 125", 125)]
    [InlineData("exit 126", 126)]
    [InlineData("exit 127", 127)]
    [InlineData("exit 128", 128)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -HUP $$", 129)]
    [InlineData("kill -INT $$", 130)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("kill -SEGV $$", 139)]
    [InlineData("kill -PIPE $$", 141)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("(kill -STOP $$; kill -CONT $$) & wait; exit 9", 9)]
    public async Task The_exit_code_is_the_program_s(string script, int expected)
    {
        using var sandbox = new ExecSandbox();
        // What .NET starts ignores SIGPIPE otherwise.
        var ended = await sandbox.RunPlainlyAsync(["env", "--default-signal=PIPE", .. sandbox.Under([], "sh", "-c", script)]);
        ProgramAssert.Exit(expected, ended);
        Assert.Equal("", ended.Error);
    }

    [Fact]
    public async Task Its_own_failures_are_those_of_env_and_nice()
    {
        using var sandbox = new ExecSandbox();
        var missing = await sandbox.RunAsync("no-such-program");
        ProgramAssert.Exit(127, missing);
        Assert.Contains("no-such-program", missing.Error);
        var no_program = await sandbox.RunAsync(sandbox.Configuration);
        ProgramAssert.Exit(126, no_program);
        Assert.Contains(sandbox.Configuration, no_program.Error);
        var no_configuration = await sandbox.RunPlainlyAsync(ExecSandbox.Command, "exec", "--config", sandbox.Temporary + "/none.json", "--", "true");
        ProgramAssert.Exit(125, no_configuration);
        Assert.Contains("none.json", no_configuration.Error);
        ProgramAssert.Exit(125, await sandbox.RunPlainlyAsync(ExecSandbox.Command, "exec"));
        ProgramAssert.Exit(125, await sandbox.RunPlainlyAsync(ExecSandbox.Command, "exec", "--no-such-option", "--", "true"));
        ProgramAssert.Exit(125, await sandbox.RunPlainlyAsync(ExecSandbox.Command, "exec", "--socket", sandbox.Socket, "--", "true"));
    }

    [Fact]
    public async Task Arguments_reach_the_program_as_they_are()
    {
        using var sandbox = new ExecSandbox();
        string[] odd = ["--help", "@file", "--", "-v", "--strict", "", "a b", "*", "ünïcode"];
        var ended = await sandbox.RunAsync(["sh", "-c", "for a; do echo \"<$a>\"; done", "sh", .. odd]);
        Assert.Equal(string.Concat(odd.Select(argument => $"<{argument}>\n")), ended.Output);
    }

    [Fact]
    public async Task A_pipe_that_is_closed_ends_the_program()
    {
        using var sandbox = new ExecSandbox();
        // The status goes round the pipe; SIGPIPE as a shell leaves it, not as .NET does.
        const string script = "{ \"$@\"; echo $? >&2; } | head -n 1";
        var ended = await sandbox.RunPlainlyAsync(["env", "--default-signal=PIPE", "sh", "-c", script, "sh", .. sandbox.Under([], "yes")]);
        Assert.Equal(("y\n", "141\n"), (ended.Output, ended.Error));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task The_terminal_stops_continues_and_interrupts_it(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunPlainlyAsync(
            [sandbox.Python(), ExecSandbox.Script("terminal.py"), .. sandbox.Under([], "sh", "-c", "echo ready; while read x; do echo got $x; done")]);
        ProgramAssert.Exit(0, ended);
        Assert.EndsWith("[ended with 130]\n", ended.Output);
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task Nothing_is_left_on_the_system(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var before = (Mounts(), Directory.Exists("/dev/dma_heap"));
        using var program = sandbox.StartTalking(sandbox.Under([], CCompiler.Compile("exec/storm"), "once"));
        await program.PrintedAsync(text => text.Contains("ready"));
        Assert.Equal(before, (Mounts(), Directory.Exists("/dev/dma_heap"))); // for the program alone, also while it runs
        program.Hush();
        ProgramAssert.Exit(0, await program.EndAsync());
        Assert.Equal(before, (Mounts(), Directory.Exists("/dev/dma_heap")));
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(sandbox.Temporary), path => !Path.GetFileName(path).StartsWith("dmaheap-plugins-", StringComparison.Ordinal));

        static string Mounts() => File.ReadAllText("/proc/self/mountinfo");
    }

    // Which process leads the group differs, and in what order the environment lies.
    private static string Comparable(string[] program, string output) => program switch
    {
        ["sh", ..] => string.Join(' ', output.Split(' ')[1..]),
        [_, "/proc/self/environ"] => string.Join('\n', output.Split('\0').Order(StringComparer.Ordinal)),
        _ => output,
    };
}
