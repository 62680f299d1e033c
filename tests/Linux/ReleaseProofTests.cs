using System.Diagnostics;
using System.Globalization;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Linux;

/// <summary>
/// The ground the host stands on, proved on the machine at hand by a C program: the kernel reports the end of a
/// buffer's last holder once and not before, also under random kills and after the event queue overflowed.
/// </summary>
/// <remarks>Not beside other tests: it compares the whole machine's shared memory before and after, within 128 MiB.</remarks>
[Collection(nameof(ReleaseProofTests))]
[CollectionDefinition(nameof(ReleaseProofTests), DisableParallelization = true)]
public sealed class ReleaseProofTests
{
    private const int Proved = 0, Disproved = 1, CannotRun = 2;

    [Fact]
    public void Every_buffer_is_seen_dying_exactly_once_however_its_holders_end()
    {
        (int exit, string output) = Run();

        Assert.True(exit == Proved, output);
        Assert.EndsWith("PASS\n", output);
    }

    [Fact]
    public void A_host_that_forgets_to_sweep_after_an_overflow_loses_deaths()
    {
        (int exit, string output) = Run("--broken", "sweep");

        Assert.True(exit == Disproved, output);
        Assert.Contains(FailedLines(output), line => line.StartsWith("deaths lost", StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_that_takes_the_close_event_for_the_end_reports_buffers_still_held()
    {
        (int exit, string output) = Run("--broken", "close");

        Assert.True(exit == Disproved, output);
        Assert.Contains(FailedLines(output), line => line.StartsWith("reported while held", StringComparison.Ordinal));
    }

    private static IEnumerable<string> FailedLines(string output) =>
        output.Split('\n').Where(line => line.EndsWith("<-- FAIL", StringComparison.Ordinal));

    /// <summary>Runs the proof with as many buffers as this machine's event queue takes to overflow, at least 50,000.</summary>
    private static (int Exit, string Output) Run(params string[] arguments)
    {
        string program = CCompiler.Compile("release_proof");
        using Process process = Process.Start(new ProcessStartInfo(program, ["--buffers", Buffers(), "--timeout", "120", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        output += errors.Result;
        if (process.ExitCode == CannotRun)
            Assert.Skip(output.Trim());
        return (process.ExitCode, output);
    }

    private static string Buffers()
    {
        const string setting = "/proc/sys/fs/inotify/max_queued_events";
        Assert.SkipUnless(File.Exists(setting), "no inotify on this machine");
        int queue = int.Parse(File.ReadAllText(setting), CultureInfo.InvariantCulture);
        Assert.SkipWhen(queue > 500_000, $"fs.inotify.max_queued_events is {queue}: too many deaths to overflow the queue in a test");
        return Math.Max(50_000, queue + 34_000).ToString(CultureInfo.InvariantCulture);
    }
}
