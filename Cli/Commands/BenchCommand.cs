using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap bench</c>: builds the benchmarks of the clone this program lies in, and runs them.</summary>
static class BenchCommand
{
    // Known here too, so that nothing is built for a wrong one; a test holds them to the benchmarks' own.
    static readonly string[] s_names = ["host", "import", "memory", "client", "live", "endurance", "isolation", "exec"];

    static readonly Argument<string[]> s_parts = new("PART")
    {
        Description = $"What to measure: {string.Join(", ", s_names)} (default: all).",
        Arity = ArgumentArity.ZeroOrMore,
    };

    static readonly Option<bool> s_quick = new("--quick") { Description = "Rough figures in a few minutes." };

    static readonly Option<string?> s_output = new("--output") { Description = "Where the report goes (default: artifacts/bench/ and the time).", HelpName = "DIR" };

    static readonly Option<bool> s_publish = new("--publish") { Description = "Also write the figures into docs/performance.md of this clone, and the plots beside it." };

    public static Command Create()
    {
        var command = new Command("bench", "Measure dmaheap beside C programs that do the same, in a clone; needs the .NET SDK and a C compiler.") { s_parts, s_quick, s_output, s_publish };
        s_parts.AcceptOnlyFromAmong(s_names);
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var root = FindClone() ?? throw new CommandFailedException(
            ExitCode.Failed, "no-sources", "The benchmarks are built from their sources, which do not come with the installed program: clone the repository, and run ./dmaheap bench there.");
        using var interruption = new Interruption();
        if (await BuildAsync(Path.Combine(root, "bench"), interruption.Token) != 0) throw new CommandFailedException(ExitCode.Failed, "no-build", $"The benchmarks in {root}/bench do not build.");

        var start = Dotnet(Path.Combine(root, "artifacts", "bin", "DmaHeap.Bench", "release", "DmaHeap.Bench.dll"));
        foreach (var part in parsed.GetValue(s_parts) ?? []) start.ArgumentList.Add(part);
        if (parsed.GetValue(s_quick)) start.ArgumentList.Add("--quick");
        if (parsed.GetValue(s_publish)) start.ArgumentList.Add("--publish");
        if (parsed.GetValue(CommonOptions.Json)) start.ArgumentList.Add("--json");
        if (parsed.GetValue(s_output) is { } output)
        {
            start.ArgumentList.Add("--output");
            start.ArgumentList.Add(output);
        }

        return await RunAsync(start, interruption.Token);
    }

    // This program lies in artifacts/ of the clone it was built in.
    static string? FindClone()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "dmaheap.slnx")) && Directory.Exists(Path.Combine(folder.FullName, "bench"))) return folder.FullName;
        }

        return null;
    }

    static Task<int> BuildAsync(string folder, CancellationToken interrupted)
    {
        Console.Error.WriteLine("dmaheap: building the benchmarks");
        // No server of the build outlives it: it would keep the launcher's lock.
        var start = Dotnet("build", folder, "--configuration", "Release", "--verbosity", "quiet", "-nologo", "-p:UseSharedCompilation=false");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.RedirectStandardOutput = true; // to standard error: standard output is for the result
        return RunAsync(start, interrupted);
    }

    static async Task<int> RunAsync(ProcessStartInfo start, CancellationToken interrupted)
    {
        using var process = Process.Start(start)!;
        using var passing = interrupted.Register(() => Terminate(process));
        if (start.RedirectStandardOutput)
        {
            while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line) await Console.Error.WriteLineAsync(line);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    // It has servers and reserved pages to end in order, so it is waited for.
    static void Terminate(Process process)
    {
        const int Term = 15;
        if (ProcessFd.TryOpen(process.Id, out var handle) == Errno.None) ProcessFd.TrySendSignal(handle, Term);
        handle.Dispose();
    }

    static ProcessStartInfo Dotnet(params string[] arguments) => new(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet")), arguments);
}
