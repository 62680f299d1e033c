using System.Globalization;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Tests.Isolation;

/// <summary>A worker that logs and prints without end fills neither the host's log nor its memory, and is not held up by it.</summary>
public sealed class FloodTests
{
    private const int Flooded = 2000; // by DeadlyPlugin, of 4 KiB each, to the log, standard output and standard error
    private const string Heaps = """ "deadly": { "plugin": "DeadlyPlugin", "isolation": "process", "opTimeout": "20s" } """;

    [Fact]
    public void Of_a_flood_of_entries_a_bounded_number_is_logged_and_a_line_says_how_many_were_not()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var worker = heaps.Worker("deadly");
        heaps.Allocate("deadly", name: "flood").Dispose();

        Eventually.True(() => Entries(heaps).Length + Dropped(heaps) == Flooded, "entries are neither logged nor counted as dropped");
        Assert.InRange(Entries(heaps).Length, 1, WorkerLogLimit.Burst);
        Assert.All(Entries(heaps), line => Assert.InRange(line.Length, 1000, 3000)); // of 8192 characters and more
        Assert.InRange(Entries(heaps).Sum(line => line.Length), 1, 2 * WorkerLogLimit.BurstCharacters);

        // Nothing of it harmed the worker, which is not told either.
        Assert.Equal(worker, heaps.Worker("deadly"));
        heaps.Allocate("deadly").Dispose();
    }

    [Fact]
    public void What_a_worker_said_last_is_told_however_much_it_said_before()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var worker = heaps.Worker("deadly");
        heaps.Allocate("deadly", name: "flood").Dispose();
        Assert.Contains("signal 6 (SIGABRT): Unhandled exception.", heaps.Refused("deadly", name: "unhandled").Message, StringComparison.Ordinal);
        heaps.WaitForAnother("deadly", worker);
    }

    [Fact]
    public void Entries_are_let_through_again_as_time_goes_by_and_every_dropped_one_is_told_once()
    {
        var (clock, log) = (new ManualClock(), new Lines());
        var limit = new WorkerLogLimit("h", clock, log);
        Assert.Equal(WorkerLogLimit.Burst, Allowed(1000));
        Assert.Empty(log.Told);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["442: Heap h logs too much from its worker process: 744 entries were dropped"], log.Told);
        Assert.Equal(WorkerLogLimit.EntriesASecond, Allowed(33));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(WorkerLogLimit.Burst, Allowed(256));
        Assert.Equal(2, log.Told.Count);

        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(limit.Allows(WorkerLogLimit.BurstCharacters));
        Assert.False(limit.Allows(1));
        limit.Dispose();
        Assert.False(limit.Allows(1));
        Assert.Equal(["1", "1"], log.Told.Skip(1).Select(line => line.Split(' ')[^4]));
        Assert.Equal(0, clock.Timers);

        int Allowed(int of) => Enumerable.Range(0, of).Count(_ => limit.Allows(10));
    }

    private static string[] Entries(IsolatedHeaps heaps) => [.. heaps.Host.Log.Where(line => line.StartsWith("100: deadly: flood", StringComparison.Ordinal))];

    private static int Dropped(IsolatedHeaps heaps) =>
        heaps.Host.Log.Where(line => line.StartsWith("442: ", StringComparison.Ordinal)).Sum(line => int.Parse(line.Split(' ')[^4], CultureInfo.InvariantCulture));

    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add($"{eventId.Id}: {formatter(state, exception)}");
    }
}
