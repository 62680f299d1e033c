using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using DmaHeap.Cli.Output;
using DmaHeap.Cli.Service;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap serve</c>: the daemon, in the foreground until SIGINT or SIGTERM.</summary>
static class ServeCommand
{
    static readonly Option<string[]> s_plugins = new("--plugin")
    {
        Description = "Serve this plugin's heaps too, with their default options. May be given several times.",
        HelpName = "DLL",
        DefaultValueFactory = _ => [],
    };

    public static Command Create()
    {
        var command = new Command("serve", "Serve heaps until interrupted.") { CommonOptions.Config, CommonOptions.Socket, s_plugins };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var given = GivenDescriptors.Take();
        var options = HostSetup.Make(parsed.GetValue(CommonOptions.Config), parsed.GetRequiredValue(s_plugins)) with
        {
            SocketPath = given.Path ?? parsed.GetValue(CommonOptions.Socket) ?? SocketPath.ForHost(Environment.GetEnvironmentVariable, ProcessIdentity.EffectiveUserId),
            ListeningSocket = given.Socket,
            StoredBuffers = given.Stored,
            WatchFiles = true,
        };
        ThrowIfElsewhere(parsed.GetValue(CommonOptions.Socket), given.Path);

        ThrowIfTooFewDescriptors();
        // Buffers of all users pass through this process: nobody but root may look into it, and it leaves no core. Unless its author looks already.
        ProcessControl.IsDumpable = Debugger.IsAttached;
        RunningService? service = null; // before any reload
        using var host = Build(options with { Reloading = () => service?.ReloadBegins(), Reloaded = outcome => service?.ReloadEnded(outcome) });
        var log = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("DmaHeap");
        service = new RunningService(new ServiceManager(log), host.Services.GetRequiredService<DmaHeapHostAccessor>(), options.SocketPath!);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => service.Reload(signal));
        using var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(service.Stop);
        await StartAsync(host, cancellationToken);
        await AnnounceAsync(Results.Of(parsed), options, cancellationToken);
        service.Forget(given.Stored);
        using var watchdog = service.Begin(log);
        await host.WaitForShutdownAsync(cancellationToken);
        return ExitCode.Success;
    }

    static void ThrowIfElsewhere(string? asked, string? given)
    {
        if (asked is null || given is null || Path.GetFullPath(asked) == given) return;
        throw new CommandFailedException(ExitCode.Failed, "socket-activation", $"The service manager passed the socket {given}, and --socket says {asked}.");
    }

    // The runtime alone holds some 150 descriptors, one for each of its files, and fails in its own words when it cannot.
    static void ThrowIfTooFewDescriptors()
    {
        const ulong Fewest = 256;
        var limit = ResourceLimits.Get(LimitedResource.OpenFiles).Soft;
        if (limit >= Fewest) return;
        throw new CommandFailedException(
            ExitCode.Failed, "few-descriptors", $"This process may have {limit} descriptors open; serving takes at least {Fewest} (ulimit -n).");
    }

    static async Task StartAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch (ArgumentException clash)
        {
            // A plugin tried out has a heap type called like a configured heap.
            throw new CommandFailedException(ExitCode.Configuration, "heap-names", clash.Message);
        }
    }

    static IHost Build(DmaHeapHostOptions options)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddDmaHeapHost(options);
        // Standard output is for the result. The generic host's own messages repeat, with a stack trace, what is reported as a failure anyway.
        var logging = builder.Logging.AddFilter("Microsoft", LogLevel.None);
        logging = JournalStream.TakesTheLog ? logging.AddSystemdConsole() : logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        return builder.Build();
    }

    // Asked of the socket like any client, so that what is printed is what clients get.
    static async Task AnnounceAsync(Results results, DmaHeapHostOptions options, CancellationToken cancellationToken)
    {
        if (JournalStream.TakesTheLog && !results.Json) return; // the log says it, and nobody reads a table there
        using var client = DmaHeapClient.Connect(options.SocketPath);
        var heaps = HeapRow.From(await client.ListHeapsAsync(cancellationToken));
        var document = new ServeDocument(options.SocketPath!, Environment.ProcessId, options.ConfigurationPath, heaps);
        results.Write(document, known => known.ServeDocument, console => Show(document, console));
    }

    static void Show(ServeDocument document, IAnsiConsole console)
    {
        console.Write(Tables.Of(document.Heaps));
        console.WriteLine();
        console.WriteLine($"Listening on {document.Socket}; configured by {document.Configuration ?? "--plugin alone"}.");
        console.WriteLine("Try in another terminal:");
        var elsewhere = Elsewhere(document.Socket);
        if (document.Heaps.FirstOrDefault(heap => heap.Reason is null) is { } heap) console.WriteLine($"  ./dmaheap alloc {heap.Name} 8MiB --hold 5{elsewhere}");
        console.WriteLine($"  ./dmaheap buffers{elsewhere}");
        console.WriteLine("Ctrl-C stops; buffers in use stay with the programs that have them.");
    }

    // What a client must add to come here, as it would look elsewhere by itself.
    static string Elsewhere(string socket) =>
        SocketPath.ForClient(Environment.GetEnvironmentVariable, ProcessIdentity.EffectiveUserId)[0] == socket ? "" : $" --socket {socket}";
}
