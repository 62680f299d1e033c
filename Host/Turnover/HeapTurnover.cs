using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Turnover;

/// <summary>One heap as it is wanted from now on.</summary>
/// <param name="Definition">Its terms. Where a running heap stays, its share in a plugin is given back.</param>
/// <param name="Running">The slot that serves under this name now; null when there is none.</param>
/// <param name="Stays">True when that slot goes on, by these terms; false when a new one takes its place.</param>
internal readonly record struct WantedHeap(HeapDefinition Definition, HeapSlot? Running, bool Stays);

/// <summary>
/// Replaces heaps of a running host: what is new is started beside the old, the registry is swapped at once, the old are retired. Any failure before the swap leaves everything as it
/// was. One change at a time, by its owner's lock; allocations never wait for it but where a fixed region goes from one heap to the next.
/// </summary>
internal sealed class HeapTurnover(HeapStart start, RetiredHeaps retired, BufferTable table, ILogger log)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes the heaps those that are wanted.</summary>
    /// <param name="now">The slots served now.</param>
    /// <param name="wanted">What is to be served, in order. The definitions' shares in plugins are taken over, or given back where this throws.</param>
    /// <param name="publish">Puts the new slots in the registry. Nothing fails after it.</param>
    /// <param name="retire">Which of the slots that are no longer served are to end; the others are kept by the caller.</param>
    /// <param name="handsOverRegions">Whether a heap with a region of fixed size takes over that of the heap before it.</param>
    /// <param name="why">For people: reload, swap, restart.</param>
    /// <exception cref="HeapChangeException">Refused; nothing has changed.</exception>
    public void Apply(IReadOnlyList<HeapSlot> now, IReadOnlyList<WantedHeap> wanted, Action<IReadOnlyList<HeapSlot>> publish, Func<HeapSlot, bool> retire, bool handsOverRegions, string why)
    {
        var paused = new List<HeapSlot>();
        IReadOnlyList<HeapSlot> started;
        try
        {
            HeapRegistry.ThrowIfNamesClash(wanted.Select(heap => heap.Definition));
            if (handsOverRegions) foreach (var heap in wanted) PauseRegion(heap, paused);
            started = Start(wanted, paused);
        }
        catch (Exception exception)
        {
            Resume(now, paused, publish, why);
            foreach (var heap in wanted.Where(heap => !ReferenceEquals(heap.Definition, heap.Running?.Definition))) heap.Definition.ReturnPlugin();
            throw Refusal(exception);
        }

        var next = new Queue<HeapSlot>(started);
        HeapSlot[] slots = [.. wanted.Select(heap => heap.Stays ? Keep(heap) : next.Dequeue())];
        publish(slots);
        foreach (var heap in wanted.Where(heap => !heap.Stays && heap.Running is not null)) heap.Running!.Accounts.Change(heap.Definition.Limits);
        foreach (var slot in now.Except(slots).Where(retire)) Retire(slot, slots.FirstOrDefault(other => other.Name == slot.Name), why);
    }

    /// <summary>Ends a slot that nobody can find any more.</summary>
    public void Retire(HeapSlot slot, HeapSlot? successor, string why)
    {
        var buffers = slot.Use.Count;
        retired.Retire(slot, why);
        if (successor is null) HostLog.HeapRemoved(log, slot.Name, why, buffers);
        else HostLog.HeapReplaced(log, slot.Name, why, successor.Definition.Plugin, buffers);
    }

    // Both at once, as a rule. A heap that cannot start because the one before it has what it needs gets another chance after that one's end: nobody is in it.
    private IReadOnlyList<HeapSlot> Start(IReadOnlyList<WantedHeap> wanted, List<HeapSlot> paused)
    {
        (HeapDefinition, HeapSlot?)[] heaps = [.. wanted.Where(heap => !heap.Stays).Select(heap => (heap.Definition, heap.Running))];
        while (true)
        {
            try
            {
                return start.All(heaps);
            }
            catch (HeapStartException refusal) when (refusal.InnerException is HeapException { Errno: HeapErrno.Busy } && paused.Exists(slot => slot.Name == refusal.Heap && slot.Heap is not null))
            {
                EndHeap(paused.Find(slot => slot.Name == refusal.Heap)!);
            }
        }
    }

    // What was paused goes on; what was ended for nothing is started again.
    private void Resume(IReadOnlyList<HeapSlot> now, List<HeapSlot> paused, Action<IReadOnlyList<HeapSlot>> publish, string why)
    {
        var ended = paused.Where(slot => slot.Heap is null).ToDictionary(slot => slot, slot => start.Again(slot.Definition.Again(), slot.Books));
        if (ended.Count > 0) publish([.. now.Select(slot => ended.GetValueOrDefault(slot) ?? slot)]);
        foreach (var slot in paused)
        {
            if (ended.TryGetValue(slot, out var again)) Retire(slot, again, $"{why}, refused");
            else slot.Use.Reopen();
        }
    }

    private void EndHeap(HeapSlot slot) => slot.EndHeap((hook, exception) => HeapFaults.Report(slot, hook, exception, log));

    private static HeapSlot Keep(in WantedHeap heap)
    {
        var slot = heap.Running!;
        var (old, changed) = (slot.Definition, heap.Definition);
        if (ReferenceEquals(old, changed)) return slot;
        slot.Redefine(changed with { Create = old.Create, Source = changed.Source is null ? null : changed.Source with { Lease = old.Source?.Lease } }, HeapStart.AccessOf(changed));
        changed.ReturnPlugin();
        return slot;
    }

    // A region that is there once cannot be the old heap's and the new one's: it is handed over when nobody is in it, and nobody gets in meanwhile.
    private void PauseRegion(in WantedHeap heap, List<HeapSlot> paused)
    {
        if (heap.Stays || !IsFixed(heap.Definition)) return;
        var name = heap.Definition.Name;
        foreach (var draining in retired.Draining.Where(old => old.Name == name && old.HasFixedRegion && old.Slot is not null)) ThrowIfHeld(draining.Slot!, "was replaced before, and its region");
        if (heap.Running is not { Heap: not null } running || !IsFixed(running.Definition)) return;
        running.Use.Close();
        paused.Add(running);
        SpinWait.SpinUntil(() => running.Use.Count == 0 || HeldOf(running).Length > 0, s_patience);
        ThrowIfHeld(running, "has a region of fixed size that");
    }

    private void ThrowIfHeld(HeapSlot slot, string what)
    {
        if (slot.Use.Count == 0) return;
        throw new HeapChangeException(HeapErrno.Busy, HeapCause.HeapBusy, $"heap {slot.Name} {what} is in use: {Holders.Of(HeldOf(slot))}; try again when they are gone");
    }

    private BufferRecord[] HeldOf(HeapSlot slot) => [.. table.Snapshot().Where(record => record.Heap == slot)];

    private static bool IsFixed(HeapDefinition definition) => definition.Capabilities.HasFlag(HeapCapabilities.FixedCapacity);

    // Without the exception itself: one of a plugin's would keep the plugin that was refused in memory.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static HeapChangeException Refusal(Exception exception) => exception switch
    {
        HeapChangeException refusal => refusal,
        HeapStartException { InnerException: HeapException heap } start => new HeapChangeException(heap.Errno, heap.Cause, start.Message),
        HeapStartException start => new HeapChangeException(HeapErrno.InputOutput, HeapCause.HeapFault, start.Message),
        _ => new HeapChangeException(HeapErrno.Invalid, HeapCause.ChangeRefused, exception.Message),
    };
}
