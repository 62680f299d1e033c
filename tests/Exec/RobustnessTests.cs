using System.Globalization;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.Exec;

/// <summary>Programs that die, fork, hide or are left alone by their supervisor.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RobustnessTests
{
    private const string Name = "exec, exclusive";
    private const int Rounds = 4, KillsPerRound = 500;
    private const int SigKill = 9, Enosys = 38;

    [Fact]
    public async Task Programs_killed_at_random_leave_nothing()
    {
        using var served = new EndToEnd.ServedHost();
        using var sandbox = new ExecSandbox();
        var seed = Random.Shared.Next();
        using var program = sandbox.StartTalking(
            sandbox.Under(["--socket", served.Socket], CCompiler.Compile("exec/storm"), "kill", $"{KillsPerRound}", $"{seed}"));
        await program.PrintedAsync(text => text.Contains("ready"));
        var descriptors = new List<int>();
        for (var round = 1; round <= Rounds; round++)
        {
            program.Say("");
            await program.PrintedAsync(text => text.Split("done\n").Length > round);
            await Eventually.Is(() => served.Host.LiveBuffers == 0);
            descriptors.Add(Descriptors(program.Id));
        }

        // The first round may have opened what stays open, and no later one.
        Assert.True(descriptors[1..].All(count => count <= descriptors[0]), $"seed {seed}: {string.Join(", ", descriptors)} descriptors");
        Assert.True(served.Host.Statistics("system").Allocations > Rounds * KillsPerRound, "the children did not get to allocate");
        program.Hush();
        ProgramAssert.AllOk(await program.EndAsync());
        Assert.Equal(0, served.Host.LiveBuffers);
    }

    [Fact]
    public async Task Many_short_lived_children_do_not_make_it_grow()
    {
        using var sandbox = new ExecSandbox();
        using var program = sandbox.StartTalking(sandbox.Under([], CCompiler.Compile("exec/storm"), "fork", "600"));
        await program.PrintedAsync(text => text.Contains("ready"));
        var (memory, threads, descriptors) = (new List<long>(), new List<long>(), new List<int>());
        for (var round = 1; round <= 4; round++)
        {
            program.Say("");
            await program.PrintedAsync(text => text.Split("done\n").Length > round);
            memory.Add(Status(program.Id, "VmRSS:"));
            threads.Add(Status(program.Id, "Threads:"));
            descriptors.Add(Descriptors(program.Id));
        }

        program.Hush();
        ProgramAssert.AllOk(await program.EndAsync());
        Assert.True(memory[^1] - memory[0] < 16 << 10, $"{string.Join(", ", memory)} KiB resident");
        Assert.True(threads[^1] - threads[0] <= 4, $"{string.Join(", ", threads)} threads");
        Assert.True(descriptors[^1] <= descriptors[0], $"{string.Join(", ", descriptors)} descriptors");
    }

    [Fact]
    public async Task Without_its_supervisor_a_program_gets_ENOSYS_and_does_not_hang()
    {
        using var sandbox = new ExecSandbox();
        using var program = sandbox.StartTalking(sandbox.Under([], CCompiler.Compile("exec/storm"), "once"));
        await program.PrintedAsync(text => text.Contains("ready"));
        program.Say("");
        await program.PrintedAsync(text => text.Contains("errno 0\ndone"));
        program.Signal(SigKill);
        program.Say(""); // the pipe is the program's too, which outlives exec
        await program.PrintedAsync(text => text.Contains($"errno {Enosys}\ndone"));
        program.Hush();
    }

    [Fact]
    public async Task What_a_killed_supervisor_left_goes_when_the_next_one_starts()
    {
        using var sandbox = new ExecSandbox(User.Nobody);
        Assert.SkipWhen(await sandbox.MountsAsync(), "nothing is left where the directory is mounted");
        using var killed = sandbox.StartTalking(sandbox.Under([], CCompiler.Compile("exec/storm"), "once"));
        await killed.PrintedAsync(text => text.Contains("ready"));
        var left = Assert.Single(Homes());
        killed.Signal(SigKill);
        await Eventually.Is(() => killed.HasExited);
        Assert.Equal([left], Homes());

        using var next = sandbox.StartTalking(sandbox.Under([], CCompiler.Compile("exec/storm"), "once"));
        await next.PrintedAsync(text => text.Contains("ready"));
        var own = Assert.Single(Homes());
        Assert.NotEqual(left, own);
        ProgramAssert.Exit(0, await sandbox.RunAsync("true"));
        Assert.Equal([own], Homes()); // it lives
        next.Hush();
        ProgramAssert.Exit(0, await next.EndAsync());
        Assert.Empty(Homes());
        killed.Hush();

        string[] Homes() => Directory.GetDirectories(sandbox.Temporary, "dmaheap-*exec-*");
    }

    [Fact]
    public async Task A_slow_heap_does_not_stop_the_others()
    {
        using var gate = new ManualResetEventSlim();
        using var sandbox = new ExecSandbox();
        using var host = DmaHeapHost.Start(
            new DmaHeapHostOptions
            {
                Heaps =
                [
                    new HeapDefinition { Name = "slow", Create = context => new GatedHeap(context, gate) },
                    new HeapDefinition { Name = "system", Create = context => new GatedHeap(context, gate: null) },
                ],
                SocketPath = sandbox.Socket,
            },
            NullLoggerFactory.Instance);
        var storm = CCompiler.Compile("exec/storm");
        using var program = sandbox.StartTalking(sandbox.Under(
            ["--socket", sandbox.Socket], "sh", "-c", $"for i in 1 2 3; do echo | HEAP=slow '{storm}' once & done; '{storm}' fork 200"));
        await program.PrintedAsync(text => text.Split("ready\n").Length > 4);
        program.Say("");
        await program.PrintedAsync(text => text.Contains("ok children that were refused")); // while three callers wait
        await Eventually.Is(() => host.LiveBuffers == 0);
        Assert.DoesNotContain("errno", await program.PrintedAsync(_ => true));
        gate.Set();
        await program.PrintedAsync(text => text.Split("errno 0\n").Length > 3);
        program.Hush();
        ProgramAssert.Exit(0, await program.EndAsync());
    }

    [Fact]
    public async Task What_was_refused_is_told_at_the_end_once_a_cause()
    {
        using var sandbox = new ExecSandbox();
        string[] program = [sandbox.Python(), "-c", """
            import fcntl, os, struct
            heap = os.open("/dev/dma_heap/region", os.O_RDWR)
            for i in range(3):
                try: fcntl.ioctl(heap, 0xC0184800, struct.pack("=QIIQ", 1 << 30, 0, 0, 0))
                except OSError: pass
            """];
        var told = await sandbox.RunAsync(program);
        ProgramAssert.Exit(0, told);
        var line = Assert.Single(told.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("region", line);
        var quiet = await sandbox.RunAsync(["--quiet"], program);
        ProgramAssert.Exit(0, quiet);
        Assert.Equal("", quiet.Error);
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task A_program_that_hides_is_served_or_told_why_not(User user)
    {
        using var sandbox = new ExecSandbox(user);
        string[] program = [sandbox.Python(), "-c", """
            import ctypes, fcntl, os, struct
            heap = os.open("/dev/dma_heap/system", os.O_RDWR)
            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
            try: fcntl.ioctl(heap, 0xC0184800, bytearray(struct.pack("=QIIQ", 4096, 0, 0, 0))); print("served")
            except OSError as error: print(error.errno)
            """];
        var ended = await sandbox.RunAsync(program);
        ProgramAssert.Exit(0, ended);
        if (ended.Output == "served\n") return;
        Assert.NotEqual("0\n", ended.Output);
        Assert.Contains("dumpable", ended.Error);
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task Exec_within_exec_says_that_there_can_be_one(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAsync(sandbox.Under([], "echo", "ran"));
        ProgramAssert.Exit(125, ended);
        Assert.Equal("", ended.Output);
        Assert.Contains("another dmaheap exec", ended.Error);
    }

    [Fact]
    public async Task A_number_that_passed_to_another_process_brings_that_one_nothing()
    {
        using var gate = new ManualResetEventSlim();
        using var asked = new ManualResetEventSlim();
        using var sandbox = new ExecSandbox();
        using var host = DmaHeapHost.Start(
            new DmaHeapHostOptions
            {
                Heaps = [new HeapDefinition { Name = "slow", Create = context => new GatedHeap(context, gate, asked) }],
                SocketPath = sandbox.Socket,
            },
            NullLoggerFactory.Instance);
        using var program = sandbox.StartTalking(sandbox.Under(["--socket", sandbox.Socket], "env", "HEAP=slow", CCompiler.Compile("exec/reuse")));
        await program.PrintedAsync(text => text.Contains("ready"));
        program.Say("");
        await Eventually.Is(() => asked.IsSet);
        program.Say("");
        var printed = await program.PrintedAsync(text => text.Contains("reused") || text.Contains("unable"));
        if (printed.Contains("unable")) gate.Set();
        Assert.SkipWhen(printed.Contains("unable"), "nobody may choose a process's number here");
        gate.Set();
        await Eventually.Is(() => host.Statistics("slow").Allocations == 1 && host.LiveBuffers == 0); // made, and given to nobody
        program.Say("");
        await program.PrintedAsync(text => text.Contains("done"));
        program.Hush();
        ProgramAssert.AllOk(await program.EndAsync());
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task Verbose_says_how_the_directory_is_made(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAsync(["--verbose"], ["true"]);
        ProgramAssert.Exit(0, ended);
        Assert.Contains("/dev/dma_heap", ended.Error);
        if (user == User.Nobody) Assert.False(await sandbox.MountsAsync());
    }

    [Fact]
    public async Task Many_programs_start_and_end_one_after_another()
    {
        using var sandbox = new ExecSandbox();
        for (var i = 0; i < 20; i++)
        {
            var ended = await sandbox.RunAsync("true");
            Assert.Equal((0, "", ""), (ended.ExitCode, ended.Output, ended.Error));
        }
    }

    /// <summary>Descriptors open in a process; only root may look into one that guards other users' buffers.</summary>
    private static int Descriptors(int process)
    {
        try
        {
            return Directory.GetFiles($"/proc/{process}/fd").Length;
        }
        catch (UnauthorizedAccessException) when (ProcessIdentity.EffectiveUserId != 0)
        {
            return 0;
        }
    }

    private static long Status(int process, string key)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>A heap of pages that makes its callers wait.</summary>
    private sealed class GatedHeap(IHeapContext context, ManualResetEventSlim? gate, ManualResetEventSlim? asked = null) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
        {
            asked?.Set();
            gate?.Wait(cancellationToken);
            return new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));
        }

        protected override void Release(HeapBuffer buffer, ReleaseReason reason)
        {
        }
    }
}
