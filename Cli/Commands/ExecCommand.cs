using System.CommandLine;
using DmaHeap.Cli.Exec;
using DmaHeap.Cli.Exec.Backends;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Supervision;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Cli.Commands;

/// <summary>
/// <c>dmaheap exec</c>: runs a program that finds our heaps under /dev/dma_heap. Nothing is awaited: a task for each step would be a quarter of what there is to compile before the program starts.
/// </summary>
static class ExecCommand
{
    static readonly Option<HeapOverlap> s_over = new("--over")
    {
        Description = "Where the kernel has heaps: hide them, add ours to them, or keep to them alone.",
        HelpName = "hide|add|keep",
        DefaultValueFactory = _ => HeapOverlap.Hide,
    };

    static readonly Option<bool> s_aliases = new("--list-aliases") { Description = "List aliases in /dev/dma_heap too. They open in any case." };
    static readonly Option<bool> s_strict = new("--strict")
    {
        Description = "Give the kernel's answers to lseek, read, write, ftruncate, fallocate, mmap, fstat and epoll_ctl on buffers too; slows these calls on any descriptor.",
    };

    static readonly Option<bool> s_quiet = new("--quiet") { Description = "Say nothing of what the program was refused." };
    static readonly Option<bool> s_verbose = new("--verbose") { Description = "Say how the program is served." };

    public static Command Create(CommandTail tail)
    {
        var command = new Command(CommandTail.Command, "Run a program that finds the heaps under /dev/dma_heap: dmaheap exec [options] -- PROGRAM ARGS...")
        {
            CommonOptions.Config, CommonOptions.Socket, s_strict, s_over, s_aliases, s_quiet, s_verbose,
        };
        HeapSwapOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (tail.Program.Length == 0) result.AddError("Name a program after --, such as: dmaheap exec -- ls /dev/dma_heap");
        });
        command.SetAction(parsed => Run(parsed, tail));
        return command;
    }

    static int Run(ParseResult parsed, CommandTail tail)
    {
        try
        {
            return Serve(parsed, tail);
        }
        catch (SupervisionException exception)
        {
            var name = exception.Stage == SupervisionStage.Program ? $"{tail.Program[0]}: " : "";
            return Fail(ExecExitCode.Of(exception), name + exception.Message);
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return Fail(ExecExitCode.Failed, failure.Message);
        }
    }

    static int Serve(ParseResult parsed, CommandTail tail)
    {
        var inherited = InheritedState.Read();
        if (inherited.LaunchersDescriptor is { } number) DescriptorFlags.TryCloseOnExec(number);
        using var signals = new ProgramSignals(inherited.Ignored);
        var swaps = HeapSwapOptions.Read(parsed);
        using var backend = Connect(parsed, swaps);
        using var journal = HeapSwapOptions.OpenJournal(parsed, (backend as EmbeddedBackend)?.Host, swaps);
        var arguments = InheritedState.LastArguments(tail.Program.Length);
        using var program = new PreparedProgram(arguments[0], arguments, inherited.Environment, inherited.ToDefault, SignalSet.Blocked);
        var options = new SupervisionOptions { Strict = parsed.GetValue(s_strict), ListAliases = parsed.GetValue(s_aliases), Overlap = parsed.GetValue(s_over) };
        using var running = Start(program, backend, options, inherited.OpenFiles);
        signals.Started(running.ProcessId);
        if (parsed.GetValue(s_verbose)) Say(Describe(running, backend));
        var code = ProgramWait.ForEnd(running.ProcessId, signals);
        if (!parsed.GetValue(s_quiet)) TellRefusals(running.Refusals);
        return code;
    }

    // The limit is the process's, and what the program gets is what it is at that moment.
    static SupervisedProgram Start(PreparedProgram program, IHeapBackend backend, SupervisionOptions options, ulong? openFiles)
    {
        var raised = ResourceLimits.Get(LimitedResource.OpenFiles);
        if (openFiles is { } soft && soft < raised.Soft) ResourceLimits.TrySet(LimitedResource.OpenFiles, raised with { Soft = soft });
        try
        {
            return SupervisedProgram.Start(program, backend, options);
        }
        finally
        {
            ResourceLimits.TrySet(LimitedResource.OpenFiles, raised);
        }
    }

    static IHeapBackend Connect(ParseResult parsed, IReadOnlyList<HeapSwap> swaps)
    {
        var configuration = parsed.GetValue(CommonOptions.Config);
        if (Dial(parsed.GetValue(CommonOptions.Socket), ownHost: configuration is not null || swaps.Count > 0) is not { } client)
        {
            ILoggerFactory log = swaps.Count > 0 && !parsed.GetValue(s_quiet) ? new SwapLog([.. swaps.Select(swap => swap.Heap)], Say) : NullLoggerFactory.Instance;
            return new EmbeddedBackend(DmaHeapHost.Start(HostSetup.Make(configuration, []) with { Swaps = swaps }, log));
        }

        try
        {
            return DaemonBackend.Create(client);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    // A configuration or a swapped heap asks for a host of its own, a socket for that daemon and no other; without either a daemon is used where there is one.
    static DmaHeapClient? Dial(string? socket, bool ownHost)
    {
        if (socket is not null) return DmaHeapClient.Connect(socket);
        if (ownHost) return null;
        try
        {
            return DmaHeapClient.Connect();
        }
        catch (DmaHeapException exception) when (exception.Cause == ClientCause.NoHost)
        {
            return null;
        }
    }

    static string Describe(SupervisedProgram running, IHeapBackend backend)
    {
        var source = backend is DaemonBackend ? "a daemon" : "a host in this process";
        var way = running.Way switch
        {
            DirectoryWay.Mount => "a private mount",
            DirectoryWay.Kernel => "the kernel's own",
            _ => "answers to the calls that name it",
        };
        return $"heaps from {source}: {string.Join(", ", backend.Heaps.Select(heap => heap.Unavailable is null ? heap.Name : $"{heap.Name} (unavailable: {heap.Unavailable})"))}; "
            + $"/dev/dma_heap is {way}";
    }

    static void TellRefusals(IEnumerable<RefusalSummary> refusals)
    {
        foreach (var refusal in refusals.OrderByDescending(refusal => refusal.Count))
        {
            var on = refusal.Heap.Length > 0 ? $" on {refusal.Heap}" : "";
            Say($"{refusal.Call}{on} answered {refusal.Errno} {(refusal.Count == 1 ? "once" : $"{refusal.Count} times")} ({refusal.Cause}): {refusal.Sentence}");
        }
    }

    static int Fail(int code, string message)
    {
        Say(message);
        return code;
    }

    static void Say(string message) => Console.Error.WriteLine($"dmaheap: {message}");
}
