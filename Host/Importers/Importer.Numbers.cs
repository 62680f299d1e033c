using DmaHeap.Hosting.Buffers;

namespace DmaHeap.Hosting.Importers;

/// <content>The importer's own numbers for what it has.</content>
internal sealed partial class Importer
{
    private const int LeastRoom = 64;

    private OpenCpuAccesses? _spareAccesses;
    private int _cpuAccessRoom = LeastRoom;

    /// <summary>Attachments and vmaps there are, or are about to be.</summary>
    public int Held
    {
        get
        {
            lock (_lock) return _attachments.Count + _mappings.Count;
        }
    }

    private static HeapException NotThere(string what, ulong number) =>
        new(HeapErrno.Invalid, HeapCause.NotAttached, $"this importer has no {what} of number {number}");

    private void Add<T>(Dictionary<ulong, T> table, ulong number, T entry, string what)
        where T : KeptBuffer
    {
        bool closed;
        lock (_lock)
        {
            closed = _closed;
            if (!closed && table.TryAdd(number, entry)) return;
        }

        entry.LetGo();
        throw closed ? Allocation.Allocator.Withdrawn() : new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"the number {number} is in use for another {what} of this importer");
    }

    private T Find<T>(Dictionary<ulong, T> table, ulong number, string what)
    {
        lock (_lock)
        {
            return table.TryGetValue(number, out var entry) ? entry : throw NotThere(what, number);
        }
    }

    private T Take<T>(Dictionary<ulong, T> table, ulong number, string what)
    {
        lock (_lock)
        {
            return table.Remove(number, out var entry) ? entry : throw NotThere(what, number);
        }
    }

    private OpenCpuAccesses CpuAccessTo(BufferRecord record)
    {
        lock (_lock)
        {
            if (_closed) throw Allocation.Allocator.Withdrawn();
            if (_cpuAccess.TryGetValue(record, out var open)) return open;
            // Who closes a buffer without ending what it began leaves an entry for nothing.
            if (_cpuAccess.Count >= _cpuAccessRoom)
            {
                foreach (var gone in _cpuAccess.Keys.Where(other => other.State >= BufferState.Releasing).ToArray()) _cpuAccess.Remove(gone);
                _cpuAccessRoom = Math.Max(LeastRoom, 2 * _cpuAccess.Count);
            }

            open = _spareAccesses ?? new OpenCpuAccesses(ops, record);
            _spareAccesses = null;
            open.BeFor(record);
            return _cpuAccess[record] = open;
        }
    }

    private OpenCpuAccesses? OpenAccessTo(BufferRecord record)
    {
        lock (_lock) return _cpuAccess.GetValueOrDefault(record);
    }

    private void ForgetEnded(BufferRecord record, OpenCpuAccesses open)
    {
        lock (_lock)
        {
            if (!open.IsEmpty || !_cpuAccess.TryGetValue(record, out var found) || !ReferenceEquals(found, open)) return;
            _cpuAccess.Remove(record);
            _spareAccesses = open;
        }
    }

    // Null when the number was taken away, or given to another, in the meantime: then somebody else lets the entry go.
    private T? Remove<T>(Dictionary<ulong, T> table, ulong number, T entry)
        where T : class
    {
        lock (_lock)
        {
            return table.TryGetValue(number, out var found) && ReferenceEquals(found, entry) && table.Remove(number) ? entry : null;
        }
    }
}
