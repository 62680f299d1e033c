namespace DmaHeap.Hosting;

public sealed partial class DmaHeapHost
{
    /// <summary>
    /// Puts another plugin in a heap's place while the host runs. Live buffers stay with the heap they are of; new ones come from the other. Who may allocate and how much stays as it is.
    /// Whatever refuses, what ran goes on. Waits for other changes; loads code, so it takes its time.
    /// </summary>
    /// <param name="swap">Which heap, which plugin, which options.</param>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <exception cref="HeapChangeException">Refused, and why: EINVAL for the plugin or its options, else what the plugin's heap refused to start with.</exception>
    public void Swap(HeapSwap swap)
    {
        ArgumentNullException.ThrowIfNull(swap);
        Core.Changes.Swap(swap.Heap, () => swap);
    }

    /// <summary>Puts a heap back that another plugin stands in for. The very heap that was there, with its buffers.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <exception cref="HeapChangeException">EINVAL: it was not swapped.</exception>
    public void Restore(string heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        Core.Changes.Restore(heap);
    }

    /// <summary>Starts a heap anew, with the same options and the plugin's files as they are now, in the place of one that is faulted as a rule; the old one keeps its buffers until they are gone.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT: no such heap.</exception>
    /// <exception cref="HeapChangeException">EBUSY: its region of fixed size is in use. EINVAL: the files are no such plugin any more. Else what the heap refused to start with. What ran goes on.</exception>
    public void Restart(string heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        Core.Changes.Restart(heap);
    }

    /// <summary>
    /// Reads the configuration again and applies what is different in it: heaps are added, taken out, started anew where their plugin's files or their options changed, or go on by other
    /// limits, names and access. What did not change is not touched. Wholly or not at all.
    /// </summary>
    /// <returns>What was done.</returns>
    /// <exception cref="HeapChangeException">Refused, with all the reasons, one a line; what ran goes on. EBUSY: a region of fixed size is in use.</exception>
    public ReloadOutcome Reload() => Core.Changes.Reload();

    /// <summary>Asks for a <see cref="Reload"/> soon, on another thread, as SIGHUP does; what became of it is in the log and the status.</summary>
    public void RequestReload()
    {
        var core = Core;
        if (_reloads is not null) _reloads.Request();
        else ThreadPool.QueueUserWorkItem(_ => core.Changes.ReloadQuietly());
    }
}
