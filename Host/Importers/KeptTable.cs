namespace DmaHeap.Hosting.Importers;

/// <summary>What an importer keeps of one sort, under numbers of its own that mean nothing to others; and what it kept before, to be used again. Thread-safe.</summary>
/// <param name="gate">The importer's lock.</param>
/// <param name="what">The sort, for sentences.</param>
internal sealed class KeptTable(Lock gate, string what)
{
    private const int MostSpare = 64;

    private readonly Dictionary<ulong, KeptBuffer> _entries = [];
    private readonly Stack<KeptBuffer> _spares = new();
    private bool _closed;

    public HeapException NotThere(ulong number) => new(HeapErrno.Invalid, HeapCause.NotAttached, $"this importer has no {what} of number {number}");

    /// <exception cref="HeapException">There is one of that number, or the importer is gone; the entry is let go.</exception>
    public void Add(ulong number, KeptBuffer entry)
    {
        bool closed;
        lock (gate)
        {
            closed = _closed;
            if (!closed && _entries.TryAdd(number, entry)) return;
        }

        entry.LetGo();
        throw closed ? Allocation.Allocator.Withdrawn() : new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"the number {number} is in use for another {what} of this importer");
    }

    /// <summary>The entry of a number, for a call: it is not used again before the call has left it.</summary>
    public KeptBuffer Find(ulong number)
    {
        lock (gate)
        {
            if (!_entries.TryGetValue(number, out var entry)) throw NotThere(number);
            entry.Join();
            return entry;
        }
    }

    /// <summary>Takes the entry of a number out, for a call, which has it now in the table's place.</summary>
    public KeptBuffer Take(ulong number)
    {
        lock (gate) return _entries.Remove(number, out var entry) ? entry : throw NotThere(number);
    }

    /// <summary>Takes one out that came to nothing, and is not used again. False when the number was taken away, or given to another, in the meantime: then somebody else lets the entry go.</summary>
    public bool TryRemove(ulong number, KeptBuffer entry)
    {
        lock (gate) return _entries.TryGetValue(number, out var found) && ReferenceEquals(found, entry) && _entries.Remove(number);
    }

    /// <summary>The importer is gone. What there is is not used again, as nobody knows which of its calls are still to come.</summary>
    public KeptBuffer[] Close()
    {
        lock (gate)
        {
            _closed = true;
            KeptBuffer[] left = [.. _entries.Values];
            _entries.Clear();
            _spares.Clear();
            return left;
        }
    }

    /// <summary>One that nobody has any more; null when there is none.</summary>
    public KeptBuffer? TakeSpare()
    {
        lock (gate) return _spares.TryPop(out var spare) ? spare : null;
    }

    public void AddSpare(KeptBuffer spare)
    {
        lock (gate)
        {
            if (!_closed && _spares.Count < MostSpare) _spares.Push(spare);
        }
    }
}
