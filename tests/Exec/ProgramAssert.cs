using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>Reads what the programs of tests/native/exec print.</summary>
static class ProgramAssert
{
    /// <summary>A program found everything as it should be, and did look.</summary>
    public static void AllOk(Ended ended)
    {
        var failures = ended.Output.Split('\n').Where(line => line.StartsWith("FAIL ", StringComparison.Ordinal)).ToList();
        Assert.True(failures.Count == 0 && ended.ExitCode == 0, $"exit code {ended.ExitCode}\n{string.Join('\n', failures)}\n{ended.Error}");
        Assert.Contains("ok ", ended.Output);
    }

    public static void Exit(int expected, Ended ended) =>
        Assert.True(expected == ended.ExitCode, $"exit code {ended.ExitCode} instead of {expected}\n{ended.Output}\n{ended.Error}");
}
