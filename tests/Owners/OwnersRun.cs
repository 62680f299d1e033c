using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Owners;

/// <summary>One run of tests/native/owners: what it printed, and whom it saw where nobody should have been.</summary>
internal sealed class OwnersRun
{
    private OwnersRun(Ended ended)
    {
        Text = ended.Output + ended.Error;
        Passed = ended.ExitCode == 0 && ended.Output.EndsWith("PASS\n", StringComparison.Ordinal);
        Violations = [.. ended.Output.Split('\n').Where(line => line.StartsWith("VIOLATION", StringComparison.Ordinal))];
    }

    public string Text { get; }

    public bool Passed { get; }

    public string[] Violations { get; }

    /// <param name="start">Starts a program, which may become other users, with arguments.</param>
    /// <param name="socket">The host's.</param>
    /// <param name="seed">Decides what is done.</param>
    /// <param name="time">How long.</param>
    /// <param name="others">Further arguments: domains, heaps.</param>
    public static async Task<OwnersRun> RunAsync(Func<string, string[], RunningProgram> start, string socket, int seed, TimeSpan time, IEnumerable<string> others)
    {
        var program = CCompiler.Compile("owners/owners");
        using var run = start(program, [socket, "--seed", $"{seed}", "--milliseconds", $"{(long)time.TotalMilliseconds}", .. others]);
        return new OwnersRun(await run.EndAsync(time + TimeSpan.FromMinutes(2)));
    }
}
