using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Plugins;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Turnover;

/// <summary>
/// The changes a running host takes: another configuration, another plugin in a heap's place and back, a heap started anew. One at a time; each wholly or not at all.
/// A heap that another stands in for is kept as it is, out of the registry, so that it can be put back whatever has become of its files. Thread-safe.
/// </summary>
internal sealed class HeapChanges(HostCore core, HeapTurnover turnover, DmaHeapHostOptions options, PluginSet plugins, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, HeapSlot> _standIns = new(StringComparer.Ordinal);
    private IReadOnlyList<HeapSlot> _configured = core.Registry.Slots;
    private volatile bool _stopping;

    /// <summary>What became of the last reload; null before the first.</summary>
    public ReloadOutcome? LastReload { get; private set; }

    /// <summary>The change under way, which loads code and starts heaps; null when there is none.</summary>
    public ChangeUnderWay? UnderWay { get; private set; }

    /// <summary>The last change that was refused, of whatever kind; null when none was.</summary>
    public RefusedChange? LastRefusal { get; private set; }

    /// <summary>Heaps that others stand in for.</summary>
    public IReadOnlyList<HeapSlot> StoodInFor
    {
        get
        {
            lock (_standIns) return [.. _configured.Where(slot => _standIns.ContainsKey(slot.Name))];
        }
    }

    /// <summary>Puts another plugin in a heap's place. Its buffers stay with it, and new ones come from the other.</summary>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <param name="heap">Name or alias.</param>
    /// <param name="read">Says with what; what it throws refuses the swap.</param>
    /// <exception cref="HeapChangeException">Refused; what ran goes on.</exception>
    public void Swap(string heap, Func<HeapSwap> read) => InTurn($"swap of {heap}", () =>
    {
        var running = core.Registry.Find(heap);
        var swap = read();
        var definition = HostPlan.Swapped(running.Definition, swap, options, plugins);
        turnover.Apply(
            core.Registry.Slots, Replacing(running, definition), slots => Publish(() => _standIns[running.Name] = slots.Single(slot => slot.Name == running.Name)),
            slot => !_configured.Contains(slot), handsOverRegions: false, $"swap to {swap.Plugin}");
    });

    /// <summary>Puts the configured heap back.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <exception cref="HeapChangeException">EINVAL: nobody stands in for it.</exception>
    public void Restore(string heap) => InTurn($"restoring of {heap}", () =>
    {
        var name = core.Registry.Find(heap).Name;
        if (!_standIns.TryGetValue(name, out var standIn)) throw new HeapChangeException(HeapErrno.Invalid, HeapCause.ChangeRefused, $"heap {name} is its own: no other plugin stands in for it");
        Publish(() => _standIns.Remove(name));
        turnover.Retire(standIn, core.Registry.Find(name), "restore");
    });

    /// <summary>Starts a heap anew, with the same options and the plugin's files as they are now; the old one drains.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <exception cref="HeapChangeException">Refused; what ran goes on.</exception>
    public void Restart(string heap) => InTurn($"restart of {heap}", () =>
    {
        var running = core.Registry.Find(heap);
        turnover.Apply(core.Registry.Slots, Replacing(running, HostPlan.Again(running.Definition, options, plugins)), slots => Publish(() => Replace(running, slots)), _ => true, handsOverRegions: true, "restart");
    });

    /// <summary>Reads the configuration again and applies what is different in it.</summary>
    /// <exception cref="HeapChangeException">Refused; what ran goes on. All the reasons are in <see cref="LastReload"/>.</exception>
    public ReloadOutcome Reload()
    {
        ReloadOutcome? outcome = null;
        options.Reloading?.Invoke();
        try
        {
            InTurn("reload", () => outcome = Apply(HostPlan.Make(options, plugins)));
            if (!outcome!.IsDifferent && LastReload is { Refusal: null })
            {
                HostLog.ReloadedTheSame(log);
                return outcome;
            }

            HostLog.Reloaded(log, outcome.ToString());
            return LastReload = outcome;
        }
        catch (HeapChangeException refusal)
        {
            LastReload = outcome = new ReloadOutcome(time.GetUtcNow(), refusal.Message);
            throw;
        }
        catch (Exception failure)
        {
            outcome = new ReloadOutcome(time.GetUtcNow(), failure.Message);
            throw;
        }
        finally
        {
            core.FilesMayDiffer();
            options.Reloaded?.Invoke(outcome!);
        }
    }

    /// <summary>As <see cref="Reload"/>, for whoever has nobody to tell: what became of it is in the log and the status.</summary>
    public void ReloadQuietly()
    {
        try
        {
            Reload();
        }
        catch (HeapChangeException)
        {
            // Told already.
        }
        catch (Exception exception)
        {
            HostLog.ReloadFailed(log, exception);
        }
    }

    /// <summary>Takes no more changes, and waits for one that is under way unless it hangs.</summary>
    public void Stop(TimeSpan patience)
    {
        _stopping = true;
        _turn.Wait(patience);
    }

    private ReloadOutcome Apply(HostPlanned plan)
    {
        WantedHeap[] wanted = [.. plan.Heaps.Select(Compare)];
        var before = _configured;
        turnover.Apply(
            before, wanted, slots => Publish(() =>
            {
                _configured = slots;
                FollowConfiguration();
            }),
            _ => true, handsOverRegions: true, "reload");
        core.Change(plan);
        RetireOrphans();
        var unchanged = wanted.Count(heap => ReferenceEquals(heap.Definition, heap.Running?.Definition) && heap.Stays);
        return new ReloadOutcome(time.GetUtcNow(), null)
        {
            Added = wanted.Count(heap => heap.Running is null),
            Removed = before.Count(slot => wanted.All(heap => heap.Running != slot)),
            Replaced = wanted.Count(heap => heap.Running is not null && !heap.Stays),
            Changed = wanted.Count(heap => heap.Stays) - unchanged,
            Unchanged = unchanged,
        };
    }

    // The same code with the same options stays, whatever else is said of it; and where nothing else is said of it, it is not touched at all.
    private WantedHeap Compare(HeapDefinition definition)
    {
        var running = _configured.FirstOrDefault(slot => slot.Name == definition.Name);
        if (running?.Heap is null) return new WantedHeap(definition, running, Stays: false);
        var (now, then) = (definition.Source, running.Definition.Source);
        if (now is null || then is null) return new WantedHeap(definition, running, ReferenceEquals(definition.Create, running.Definition.Create));
        if (!now.IsSameHeapAs(then)) return new WantedHeap(definition, running, Stays: false);
        if (!now.Configuration!.SaysTheSameAs(then.Configuration!)) return new WantedHeap(definition, running, Stays: true);
        definition.ReturnPlugin();
        return new WantedHeap(running.Definition, running, Stays: true);
    }

    private IReadOnlyList<WantedHeap> Replacing(HeapSlot running, HeapDefinition definition) =>
        [.. core.Registry.Slots.Select(slot => slot == running ? new WantedHeap(definition, slot, Stays: false) : new WantedHeap(slot.Definition, slot, Stays: true))];

    private void Replace(HeapSlot old, IReadOnlyList<HeapSlot> slots)
    {
        var started = slots.Single(slot => slot.Name == old.Name);
        if (_standIns.ContainsKey(old.Name)) _standIns[old.Name] = started;
        else _configured = [.. _configured.Select(slot => slot == old ? started : slot)];
    }

    // A heap that stands in goes by the names, limits and access of the one it stands in for.
    private void FollowConfiguration()
    {
        foreach (var slot in _configured)
        {
            if (!_standIns.TryGetValue(slot.Name, out var standIn)) continue;
            var said = slot.Definition;
            standIn.Redefine(
                standIn.Definition with
                {
                    Aliases = said.Aliases, Access = said.Access, Limits = said.Limits, Commit = said.Commit, Pages = said.Pages, Pool = said.Pool, Recycle = said.Recycle,
                    Cached = said.Cached, OpTimeout = said.OpTimeout, Faults = said.Faults,
                },
                HeapStart.AccessOf(said));
        }
    }

    private void RetireOrphans()
    {
        foreach (var (name, standIn) in _standIns.Where(pair => _configured.All(slot => slot.Name != pair.Key)).ToArray())
        {
            lock (_standIns) _standIns.Remove(name);
            turnover.Retire(standIn, null, "reload");
        }
    }

    private void Publish(Action change)
    {
        lock (_standIns)
        {
            change();
            core.Publish(new HeapRegistry([.. _configured.Select(slot => _standIns.GetValueOrDefault(slot.Name) ?? slot)]));
        }
    }

    private void InTurn(string what, Action change)
    {
        ThrowIfStopping();
        if (!_turn.Wait(s_patience)) throw new HeapChangeException(HeapErrno.Busy, HeapCause.HeapBusy, $"the {what} waits for another change that does not come to an end");
        try
        {
            ThrowIfStopping();
            UnderWay = new ChangeUnderWay(what, time.GetUtcNow());
            Refusable(what, change);
        }
        finally
        {
            UnderWay = null;
            _turn.Release();
        }
    }

    private void ThrowIfStopping()
    {
        if (_stopping) throw new HeapChangeException(HeapErrno.InputOutput, HeapCause.Stopping, "the host is stopping");
    }

    // Not inlined: what a refused plugin left on this stack would keep it from being unloaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refusable(string what, Action change)
    {
        try
        {
            change();
        }
        catch (Exception exception) when (exception is ConfigurationException or PluginException or HeapChangeException)
        {
            core.UnloadUnused();
            LastRefusal = new RefusedChange(time.GetUtcNow(), what, exception.Message);
            HostLog.ChangeRefused(log, what, exception.Message);
            throw exception as HeapChangeException ?? new HeapChangeException(HeapErrno.Invalid, HeapCause.ChangeRefused, exception.Message);
        }
    }
}
