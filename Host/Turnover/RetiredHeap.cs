using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Turnover;

/// <summary>Where a heap is that is no longer served.</summary>
internal enum RetiredState
{
    /// <summary>Buffers of it live, or calls are under way in it.</summary>
    Draining,

    /// <summary>The last is gone; it is being disposed.</summary>
    Ending,

    /// <summary>It was disposed and its share in the plugin given back.</summary>
    Unloaded,
}

/// <summary>A heap that is no longer served, from its retirement to its end, and a while beyond for whoever asks. Holds nothing of a plugin once it has ended.</summary>
internal sealed class RetiredHeap(HeapSlot slot, string why, DateTimeOffset since)
{
    private volatile HeapSlot? _slot = slot;
    private int _state;

    public string Name { get; } = slot.Name;

    public string Plugin { get; } = slot.Definition.Plugin;

    public string Sha256 { get; } = slot.Definition.Source?.Lease?.Manifest.Sha256 ?? "";

    public bool HasFixedRegion { get; } = slot.Definition.Capabilities.HasFlag(HeapCapabilities.FixedCapacity);

    public string Why { get; } = why;

    public DateTimeOffset Since { get; } = since;

    /// <summary>When it was disposed.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    public RetiredState State => (RetiredState)Volatile.Read(ref _state);

    /// <summary>Null once it has ended.</summary>
    public HeapSlot? Slot => _slot;

    /// <summary>Looks after calls that do not come back.</summary>
    public ITimer? Reminder { get; set; }

    /// <summary>Ends a drain that takes longer than it may; null when it may take for ever.</summary>
    public ITimer? Limit { get; set; }

    public void MarkEnding() => Volatile.Write(ref _state, (int)RetiredState.Ending);

    public void MarkUnloaded(DateTimeOffset at)
    {
        Limit?.Dispose();
        Reminder?.Dispose();
        EndedAt = at;
        _slot = null;
        Volatile.Write(ref _state, (int)RetiredState.Unloaded);
    }
}
