using System.Diagnostics.CodeAnalysis;

namespace DmaHeap.Hosting.Buffers;

/// <summary>All live buffers by their watch. Safe from any thread; nothing is called under its lock.</summary>
internal sealed class BufferTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, BufferRecord> _byWatch = [];

    public int Count
    {
        get
        {
            lock (_lock) return _byWatch.Count;
        }
    }

    public void Add(BufferRecord record)
    {
        lock (_lock) _byWatch.Add(record.Watch, record);
    }

    public bool TryFind(int watch, [NotNullWhen(true)] out BufferRecord? record)
    {
        lock (_lock) return _byWatch.TryGetValue(watch, out record);
    }

    public bool TryRemove(int watch, [NotNullWhen(true)] out BufferRecord? record)
    {
        lock (_lock) return _byWatch.Remove(watch, out record);
    }

    /// <summary>The watches of all live buffers at this moment.</summary>
    public int[] Watches()
    {
        lock (_lock) return [.. _byWatch.Keys];
    }

    /// <summary>All live buffers at this moment, in no order.</summary>
    public BufferRecord[] Snapshot()
    {
        lock (_lock) return [.. _byWatch.Values];
    }
}
