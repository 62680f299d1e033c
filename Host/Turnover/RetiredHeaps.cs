using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Lifetime;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Turnover;

/// <summary>
/// The heaps that were replaced or taken out. Each drains: its buffers stay with it until their last references are gone; then it is disposed, on a thread of its own, since that is
/// plugin code which may take its time, and its plugin is unloaded when no other heap is of it. Thread-safe.
/// </summary>
internal sealed class RetiredHeaps(BufferTable table, Releaser releaser, PluginSet plugins, TimeProvider time, ILogger log)
{
    private const int Remembered = 32;
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1), s_grace = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly List<RetiredHeap> _heaps = [];
    private long _unloaded;

    /// <summary>How long a drain may take; null for as long as it takes. For heaps retired from now on.</summary>
    public TimeSpan? DrainLimit { get; set; }

    /// <summary>Heaps that were retired, drained and disposed since the host started.</summary>
    public long Unloaded => Interlocked.Read(ref _unloaded);

    /// <summary>Those that drain, and the last that have ended, oldest first.</summary>
    public IReadOnlyList<RetiredHeap> All
    {
        get
        {
            lock (_lock) return [.. _heaps];
        }
    }

    /// <summary>Adds what is counted for those that drain, where it is not there yet.</summary>
    public void AddDraining(List<HeapStatistics> counted)
    {
        lock (_lock)
        {
            foreach (var heap in _heaps)
            {
                if (heap.State != RetiredState.Unloaded && heap.Slot is { } slot && !counted.Contains(slot.Statistics)) counted.Add(slot.Statistics);
            }
        }
    }

    public IEnumerable<RetiredHeap> Draining => All.Where(heap => heap.State != RetiredState.Unloaded);

    /// <summary>Retires a slot that nobody finds in the registry any more.</summary>
    public RetiredHeap Retire(HeapSlot slot, string why)
    {
        slot.Memory?.Close(); // whoever comes now goes to the heap after it
        var retired = new RetiredHeap(slot, why, time.GetUtcNow());
        lock (_lock)
        {
            _heaps.Add(retired);
            if (_heaps.Count > Remembered) _heaps.Remove(_heaps.FirstOrDefault(heap => heap.State == RetiredState.Unloaded) ?? retired);
            if (!_heaps.Contains(retired)) _heaps.Add(retired);
        }

        slot.Ended = _ => Start(() => EndAndUnload(retired));
        if (DrainLimit is { } limit) retired.Limit = time.CreateTimer(_ => CutShort(retired, limit), null, limit, s_again);
        retired.Reminder = time.CreateTimer(_ => Remind(retired), null, s_grace, s_grace);
        slot.Use.Retire();
        return retired;
    }

    /// <summary>Waits until those that have no buffer left are disposed and their plugins unloaded, but not for one whose end hangs.</summary>
    public bool WaitForEnds(TimeSpan patience) => SpinWait.SpinUntil(() => !Draining.Any(), patience);

    // A plugin's code on a stack nobody else needs.
    private static void Start(Action work) => new Thread(() => work()) { IsBackground = true, Name = "dmaheap heap end" }.Start();

    private void EndAndUnload(RetiredHeap retired)
    {
        End(retired);
        plugins.UnloadUnused();
        // Only now: whoever waits for the end finds the plugin gone, or among those that stayed.
        retired.MarkUnloaded(time.GetUtcNow());
        Interlocked.Increment(ref _unloaded);
        HostLog.HeapDrained(log, retired.Name, retired.Plugin, (time.GetUtcNow() - retired.Since).TotalSeconds);
    }

    // Not inlined: an object of the plugin left on this stack would keep it from being unloaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void End(RetiredHeap retired)
    {
        retired.MarkEnding();
        var slot = retired.Slot!;
        slot.End((hook, exception) => HostLog.HeapFaulted(log, retired.Name, hook, CurrentRequest.Text, exception));
        releaser.Forget(slot);
    }

    // A call that waits for something, such as memory that will not come free any more, has had its time to succeed.
    private void Remind(RetiredHeap retired)
    {
        if (retired.Slot is not { } slot || retired.State != RetiredState.Draining) return;
        if (slot.Use.Count > table.Snapshot().Count(record => record.Heap == slot)) slot.AnnounceEnd();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CutShort(RetiredHeap retired, TimeSpan limit)
    {
        if (retired.Slot is not { } slot) return;
        var held = table.Snapshot().Where(record => record.Heap == slot).ToArray();
        var holders = Holders.Of(held);
        var taken = held.Count(record => releaser.TakeFromHeap(record, ReleaseReason.HeapStopping));
        if (taken > 0) HostLog.DrainCutShort(log, retired.Name, retired.Plugin, limit.TotalSeconds, taken, holders);
    }
}
