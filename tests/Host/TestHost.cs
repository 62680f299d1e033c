using System.Collections.Concurrent;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Tests.Host;

/// <summary>A host on a socket of its own, with the heap <c>plain</c> and whatever else a test adds.</summary>
internal sealed class TestHost : IDisposable
{
    public static readonly Caller Us = new(ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId, Environment.ProcessId, [], "");

    private readonly TemporaryDirectory _directory = new();
    private readonly LogKeeper _log = new();
    private bool _disposed;

    public TestHost(Func<DmaHeapHostOptions, DmaHeapHostOptions>? change = null, HeapLimits? limits = null)
    {
        var options = new DmaHeapHostOptions
        {
            Heaps = [new HeapDefinition { Name = "plain", Create = context => Heap = new ScriptedHeap(context), Limits = limits ?? new HeapLimits() }],
            SocketPath = _directory["socket"],
            Probe = Probe,
        };
        try
        {
            Host = DmaHeapHost.Start(change is null ? options : change(options), _log);
        }
        catch
        {
            _directory.Dispose();
            throw;
        }
    }

    public DmaHeapHost Host { get; }

    public ScriptedHeap Heap { get; private set; } = null!;

    public ScriptedProbe Probe { get; } = new();

    public string SocketPath => _directory["socket"];

    public string[] Log => [.. _log.Lines];

    public RawClient Connect() => RawClient.Greeted(SocketPath);

    public ExportedBuffer Allocate(ulong length = 4096, string heap = "plain") =>
        Host.Allocate(new BufferRequest { Heap = heap, Length = length, Caller = Us });

    public HeapException Refused(ulong length = 4096, string heap = "plain", Caller? caller = null) =>
        Assert.Throws<HeapException>(() => Host.Allocate(new BufferRequest { Heap = heap, Length = length, Caller = caller ?? Us }).Dispose());

    /// <summary>All accounts, counters and tables are back where they began.</summary>
    public void AssertNothingIsHeld(string heap = "plain")
    {
        var core = Host.Core;
        Eventually.True(() => Host.LiveBuffers == 0 && core.Releaser.Pending == 0, "buffers are still alive");
        Eventually.True(() => Host.Statistics(heap).Buffers == 0, "the statistics count buffers");
        var slot = core.Registry.Find(heap);
        long[] Held() => [slot.Statistics.Buffers, slot.Statistics.Bytes, slot.Accounts.All.Used, slot.Accounts.Users.Of(Us.UserId).Used, core.Quotas.Host.Used];
        SpinWait.SpinUntil(() => Held().All(held => held == 0), TimeSpan.FromSeconds(20)); // a request may still be on its way back
        Assert.Equal([0, 0, 0, 0, 0], Held());
    }

    public void Dispose()
    {
        Probe.OpenAll();
        Host.Dispose();
        if (!_disposed) _directory.Dispose();
        _disposed = true;
    }

    private sealed class LogKeeper : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{eventId.Id}: {formatter(state, exception)}");

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Holds or fails an allocation at a step of a test's choice.</summary>
internal sealed class ScriptedProbe : IAllocationProbe
{
    private readonly ConcurrentDictionary<AllocationStep, ManualResetEventSlim> _gates = new();
    private readonly ConcurrentDictionary<AllocationStep, int> _reached = new();

    /// <summary>The step that throws; null for none.</summary>
    public AllocationStep? Failing { get; set; }

    public void Close(AllocationStep step) => _gates[step] = new ManualResetEventSlim();

    public void Open(AllocationStep step) => _gates[step].Set();

    public void OpenAll()
    {
        foreach (var gate in _gates.Values) gate.Set();
    }

    public int Count(AllocationStep step) => _reached.GetValueOrDefault(step);

    public void Reached(AllocationStep step)
    {
        _reached.AddOrUpdate(step, 1, static (_, count) => count + 1);
        if (Failing == step) throw new InvalidOperationException($"a fault put in at {step}");
        if (_gates.TryGetValue(step, out var gate)) gate.Wait();
    }
}

/// <summary>The true clock without timers: no watchdog adds workers behind a test's back.</summary>
internal sealed class TimeWithoutTimers : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new NoTimer();

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
