using System.Security.Cryptography;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Policy;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>The framework without a door: heaps, buffers and their lifetimes. The server and programs that embed the host stand on it.</summary>
internal sealed class HostCore : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private int _stopped;

    public HostCore(IReadOnlyList<HeapDefinition> definitions, HostLimits limits, TimeProvider time, ILogger log, IAllocationProbe probe)
    {
        HeapRegistry.ThrowIfNamesClash(definitions);
        _log = log;
        Time = time;
        Probe = probe;
        var headroom = new Headroom();
        Quotas = new Quotas(limits.Total > 0 ? limits : limits with { Total = headroom.Total() / 2 });
        Ops = new BufferOps(log);
        CpuAccess = new EmbeddedCpuAccess(Ops);
        Releaser = new Releaser(Quotas, log);
        Registry = new HeapRegistry(HeapStart.All(definitions, MachineCapabilities.Probe(), headroom, time, log, _stopping.Token));
        try
        {
            Watch = new ReleaseWatch(Table, Releaser, time, log);
        }
        catch
        {
            HeapStart.DisposeAll(Registry.Slots.Reverse(), log);
            throw;
        }

        Allocator = new Allocator(() => Registry, Quotas, Watch, Releaser, NewEpoch(), time, log, probe);
    }

    public HeapRegistry Registry { get; }

    public Quotas Quotas { get; }

    public BufferTable Table { get; } = new();

    public ReleaseWatch Watch { get; }

    public Releaser Releaser { get; }

    public Allocator Allocator { get; }

    public BufferOps Ops { get; }

    public EmbeddedCpuAccess CpuAccess { get; }

    public TimeProvider Time { get; }

    public IAllocationProbe Probe { get; }

    /// <summary>Buffers that their heap has not taken back. One that just died may be counted twice, never not at all.</summary>
    public int LiveBuffers
    {
        get
        {
            var tracked = Table.Count;
            return tracked + Releaser.Pending;
        }
    }

    /// <summary>Tells the heaps that the host is about to stop, so that those that wait for something give up.</summary>
    public void AnnounceStop() => _stopping.Cancel();

    /// <summary>
    /// Ends it: every buffer still alive is released to its heap with <see cref="ReleaseReason.HostStopping"/>, once, while its memory stays with the clients that hold it;
    /// then the heaps are disposed in the order of the configuration. Nobody may allocate any more.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0) return;
        _stopping.Cancel();
        Watch.Dispose();
        Releaser.Finish(s_patience);
        var live = Table.Snapshot();
        Array.Sort(live, static (a, b) => a.Sequence.CompareTo(b.Sequence));
        foreach (var record in live) Releaser.Release(record, ReleaseReason.HostStopping);
        HeapStart.DisposeAll(Registry.Slots, _log);
        _stopping.Dispose();
        HostLog.Stopped(_log, live.Length);
    }

    private static ulong NewEpoch() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
