using System.Diagnostics.CodeAnalysis;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// All live buffers by their watch, and the only place where those who did not allocate one find it: it is marked as found then, but for <see cref="TryLookAt"/>. Safe from any thread;
/// nothing is called under its lock.
/// </summary>
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
        lock (_lock)
        {
            if (!_byWatch.TryGetValue(watch, out record)) return false;
            record.MarkFound();
            return true;
        }
    }

    /// <summary>Finds a buffer for whoever does not keep it, and knows that it does not end meanwhile: by a descriptor, or since nobody else would release it.</summary>
    public bool TryLookAt(int watch, [NotNullWhen(true)] out BufferRecord? record)
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

    /// <summary>The buffers that follow one, in the order they were made: a heap of the earliest ones so far, so that of a hundred thousand only the wanted are sorted.</summary>
    /// <param name="after">Only buffers with a greater number.</param>
    /// <param name="found">Receives as many as it holds.</param>
    /// <param name="argument">Given to <paramref name="wanted"/>.</param>
    /// <param name="wanted">Called under the table's lock.</param>
    /// <returns>How many were found.</returns>
    public int Next<T>(ulong after, Span<BufferRecord> found, T argument, Func<BufferRecord, T, bool> wanted)
    {
        var count = 0;
        lock (_lock)
        {
            foreach (var record in _byWatch.Values)
            {
                if (record.Sequence <= after || !wanted(record, argument)) continue;
                if (count < found.Length)
                {
                    found[count++] = record;
                    if (count == found.Length) BufferOrder.Latest(found);
                }
                else if (record.Sequence < found[0].Sequence)
                {
                    found[0] = record;
                    BufferOrder.SiftDown(found, 0);
                }
            }

            foreach (var record in found[..count]) record.MarkFound();
        }

        found[..count].Sort(BufferOrder.Comparison);
        return count;
    }

    /// <summary>All live buffers at this moment, in no order.</summary>
    public BufferRecord[] Snapshot()
    {
        lock (_lock)
        {
            foreach (var record in _byWatch.Values) record.MarkFound();
            return [.. _byWatch.Values];
        }
    }
}
