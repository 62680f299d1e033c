using System.Collections.Concurrent;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Tests.Host;

namespace DmaHeap.Tests.Reclaim;

/// <summary>A host with heaps that hoard, and what they were asked for in which order.</summary>
internal sealed class Hoards : IDisposable
{
    private readonly TestHost _host;

    public Hoards(params string[] names)
        : this(TimeSpan.FromSeconds(10), names)
    {
    }

    public Hoards(TimeSpan opTimeout, params string[] names)
        : this(opTimeout, watchesMemory: false, names)
    {
    }

    private Hoards(TimeSpan opTimeout, bool watchesMemory, string[] names) => _host = new TestHost(options => options with
    {
        WatchesMemory = watchesMemory,
        Heaps = [.. options.Heaps, .. names.Select(name => Define(name, opTimeout))],
    });

    /// <summary>A host that also gives back when the machine runs short.</summary>
    public static Hoards Watchful(params string[] names) => new(TimeSpan.FromSeconds(10), watchesMemory: true, names);

    /// <summary>The last heap that was started under each name.</summary>
    public ConcurrentDictionary<string, HoardingHeap> Started { get; } = new();

    /// <summary>Scans, each with the heap and the bytes.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public TestHost Host => _host;

    public Reclaimer Reclaimer => _host.Host.Core.Reclaimer;

    public HoardingHeap this[string name] => Started[name];

    public ReclaimReport Take(long bytes, ReclaimScope? scope = null) => Reclaimer.Take(ReclaimReason.Asked, bytes, scope ?? ReclaimScope.All);

    public void Dispose() => _host.Dispose();

    private HeapDefinition Define(string name, TimeSpan opTimeout) =>
        new() { Name = name, Create = context => Started[name] = new HoardingHeap(context, Asked), OpTimeout = opTimeout, Access = new AccessRule(0b110_110_110, 0, 0) };
}

/// <summary>Memory of the host's own, as far as the reclaimer knows.</summary>
internal sealed class FakePool(string name, ConcurrentQueue<string> asked, long bytes) : IReclaimable
{
    private long _bytes = bytes;

    public string Name => name;

    public bool HasHugePages { get; init; }

    public Action? OnScan { get; set; }

    public long Count() => Interlocked.Read(ref _bytes);

    public long Scan(long bytes)
    {
        asked.Enqueue($"{name} {bytes}");
        OnScan?.Invoke();
        var given = Math.Min(bytes, Count());
        Interlocked.Add(ref _bytes, -given);
        return given;
    }
}
