using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DmaHeap.Hosting.Adoption;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Hosting.Ops;
using DmaHeap.Hosting.Policy;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Hosting.Server;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>The framework without a door: heaps, buffers and their lifetimes. The server and programs that embed the host stand on it.</summary>
internal sealed class HostCore : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ILogger _log;
    private readonly PluginSet _plugins;
    private readonly InotifyRoom? _room;
    private volatile HostPlanned _plan;
    private readonly Headroom _headroom;
    private readonly LimitWatch? _limitWatch;
    private readonly PressureWatch? _pressureWatch;
    private volatile HeapRegistry _registry;
    private readonly CancellationTokenSource _stopping = new();
    private int _stopped;

    /// <param name="plan">What to serve at first.</param>
    /// <param name="options">Where the plan came from, and where the next one will.</param>
    /// <param name="plugins">The plan's plugins; disposed after the core.</param>
    /// <param name="log">The host's log.</param>
    public HostCore(HostPlanned plan, DmaHeapHostOptions options, PluginSet plugins, ILogger log)
    {
        HeapRegistry.ThrowIfNamesClash(plan.Heaps);
        var time = options.Time;
        _log = log;
        _plugins = plugins;
        Options = options;
        Time = time;
        Probe = options.Probe;
        _headroom = new Headroom();
        Quotas = new Quotas(Settle(plan.Limits));
        _plan = plan with { Heaps = [] };
        Spin = new SpinRule(Environment.ProcessorCount, plan.MostSpin);
        var descriptors = (int)Math.Min(1 << 20, ResourceLimits.Get(LimitedResource.OpenFiles).Soft);
        ImportLimits = new ImportLimits(perUser: Math.Max(16, descriptors / 8), total: Math.Max(32, descriptors / 4));
        Releaser = new Releaser(Quotas, Records, log);
        var hugePages = new HugePages(time);
        Pools = new PagePools(hugePages, _headroom, time, log);
        Reclaimer = new Reclaimer(() => [.. Registry.Slots, .. Changes!.StoodInFor, .. Retired!.Draining.Select(old => old.Slot).OfType<HeapSlot>()], time, log);
        var relief = new Relief(Reclaimer, _headroom);
        var start = new HeapStart(MachineCapabilities.Probe(), new PageFiles(_headroom, hugePages), Pools, relief, time, log, _stopping.Token);
        _registry = new HeapRegistry(start.All([.. plan.Heaps.Select(heap => (heap, (HeapSlot?)null))]));
        OpWatch = new OpWatch(time, log); // after the heaps: it has a timer, which a host that does not start must not leave behind
        Ops = new BufferOps(OpWatch, log);
        CpuAccess = new EmbeddedCpuAccess(Ops);
        try
        {
            _room = plan.Configuration is { Server.RaiseLimits: true } ? InotifyRoom.TryMake(log) : null; // before the queue: it keeps the length it is made with
            Watches = new BufferWatches(Table, Releaser);
            Watch = new ReleaseWatch(Table, Watches, Releaser, time, log);
            Pools.Start(Watches);
            Recycler = new Recycler(Watches, Releaser, options.Scrub(hugePages), new PoolRoom(_headroom, time), () => Registry.Slots.Select(slot => slot.Memory?.Recycled).OfType<RecycleStore>(), time, log);
        }
        catch
        {
            _room?.Dispose();
            HeapStart.EndAll(Registry.Slots.Reverse(), log);
            Pools.Dispose();
            OpWatch.Dispose();
            throw;
        }

        Reclaimer.Add(() => Recycler.Stores);
        Reclaimer.Add(Pools.BySurplus);
        Late = new LateReleases(Watch, Recycler);
        Allocator = new Allocator(() => Registry, Quotas, Records, new Exporter(Watches, Ops, Probe), Late, Releaser, relief, time, log, Probe);
        Adopter = new Adopter(() => Registry, Quotas, Watches, Records, time, log);
        Retired = new RetiredHeaps(Table, Releaser, plugins, time, log) { DrainLimit = plan.DrainLimit };
        Changes = new HeapChanges(this, new HeapTurnover(start, Retired, Table, log), options, plugins, time, log);
        if (options.WatchesMemory)
        {
            _limitWatch = new LimitWatch(Reclaimer, _headroom.Rooms, time, log);
            _pressureWatch = new PressureWatch(Reclaimer, PressureWatch.Files(), log);
        }
    }

    /// <summary>The heaps at this moment.</summary>
    public HeapRegistry Registry => _registry;

    /// <summary>The plugins of all heaps, and those that were to go and stayed.</summary>
    public PluginSet Plugins => _plugins;

    /// <summary>The heaps before, as long as they have buffers.</summary>
    public RetiredHeaps Retired { get; }

    /// <summary>The way from the ones to the others.</summary>
    public HeapChanges Changes { get; }

    /// <summary>Told after other heaps, or the same by other terms, are served.</summary>
    public event Action? HeapsChanged;

    /// <summary>Told when other files may be what the heaps are made of: after a reload, also one that was refused, and when other heaps are served.</summary>
    public event Action? FilesChanged;

    public Quotas Quotas { get; }

    /// <summary>Gives memory back.</summary>
    public Reclaimer Reclaimer { get; }

    /// <summary>Makes new buffers of those that were given back.</summary>
    public Recycler Recycler { get; }

    /// <summary>What is kept ready for heaps.</summary>
    public PagePools Pools { get; }

    /// <summary>The upper half of the ids of this host's buffers.</summary>
    public ulong Epoch { get; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public BufferRecords Records { get; } = new();

    public BufferTable Table { get; } = new();

    /// <summary>Which buffer a file is, and which are there still.</summary>
    public BufferWatches Watches { get; }

    public ReleaseWatch Watch { get; }

    /// <summary>What clients have let go of and is counted still.</summary>
    public LateReleases Late { get; }

    public Releaser Releaser { get; }

    public Allocator Allocator { get; }

    /// <summary>Takes over buffers of a host before this one, which somebody shows or kept.</summary>
    public Adopter Adopter { get; }

    public BufferOps Ops { get; }

    /// <summary>Looks after threads that are inside a heap's op.</summary>
    public OpWatch OpWatch { get; }

    /// <summary>How many attachments there may be.</summary>
    public ImportLimits ImportLimits { get; }

    /// <summary>Importers of the program that embeds the host.</summary>
    public EmbeddedImporters Importers { get; } = new();

    public EmbeddedCpuAccess CpuAccess { get; }

    /// <summary>When the server's workers look for requests instead of waiting for them.</summary>
    public SpinRule Spin { get; }

    public TimeProvider Time { get; }

    public ILogger Log => _log;

    /// <summary>What the host as a whole goes by now.</summary>
    public HostPlanned Plan => _plan;

    public DmaHeapHostOptions Options { get; }

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

    /// <summary>Serves other heaps from now on, all at once. For <see cref="HeapChanges"/> alone.</summary>
    public void Publish(HeapRegistry registry)
    {
        _registry = registry;
        HeapsChanged?.Invoke();
        FilesMayDiffer();
    }

    /// <summary>Says that a reload has looked at other files. For <see cref="HeapChanges"/> alone.</summary>
    public void FilesMayDiffer() => FilesChanged?.Invoke();

    /// <summary>Takes over what a plan says of the host as a whole.</summary>
    public void Change(HostPlanned plan)
    {
        Quotas.Change(Settle(plan.Limits));
        _plan = plan with { Heaps = [] };
        Retired.DrainLimit = plan.DrainLimit;
        Spin.Most = plan.MostSpin;
    }

    /// <summary>Unloads plugins that nobody uses, after what is under way on this thread has let go of them.</summary>
    public void UnloadUnused() => ThreadPool.UnsafeQueueUserWorkItem(static plugins => plugins.UnloadUnused(), _plugins, preferLocal: false);

    /// <summary>Which buffer a descriptor is.</summary>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host.</exception>
    public BufferRecord Find(SafeHandle shown) => Watches.Identify(shown) ?? throw Unknown();

    /// <summary>Which buffer a descriptor is, for whoever has done with it before the descriptor is closed.</summary>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host.</exception>
    public BufferRecord LookAt(SafeHandle shown) => Watches.Identify(shown, isKept: false) ?? throw Unknown();

    /// <param name="caller">Who imports.</param>
    /// <param name="executable">Finds the path of the program it runs; empty when unknown.</param>
    public Importer NewImporter(Caller caller, Func<string> executable) => new(Ops, ImportLimits, caller, executable, _log);

    /// <summary>Tells the heaps that the host is about to stop, so that those that wait for something give up.</summary>
    public void AnnounceStop() => _stopping.Cancel();

    /// <summary>
    /// Ends it: every buffer still alive is released to its heap with <see cref="ReleaseReason.HostStopping"/>, once, while its memory stays with the clients that hold it;
    /// then the heaps are disposed in the order of the configuration. Nobody may allocate any more.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0) return;
        _limitWatch?.Dispose();
        Reclaimer.Stop(s_patience);
        _pressureWatch?.Dispose();
        Changes.Stop(s_patience);
        _stopping.Cancel();
        Importers.CloseAll();
        Recycler.Dispose();
        Pools.Dispose();
        Watch.Dispose();
        Releaser.Finish(s_patience);
        var live = Table.Snapshot();
        Array.Sort(live, static (a, b) => a.Sequence.CompareTo(b.Sequence));
        foreach (var record in live) Releaser.Release(record, ReleaseReason.HostStopping);
        Retired.WaitForEnds(s_patience);
        HeapStart.EndAll([.. Registry.Slots, .. Changes.StoodInFor], _log);
        OpWatch.Dispose();
        _stopping.Dispose();
        _room?.Dispose();
        HostLog.Stopped(_log, live.Length);
    }

    private static HeapException Unknown() => new(HeapErrno.Invalid, HeapCause.UnknownBuffer, "the descriptor shown is no buffer of this host");

    private HostLimits Settle(HostLimits limits) => limits.Total > 0 ? limits : limits with { Total = _headroom.Total() / 2 };
}
