using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Importers;

/// <summary>
/// CPU accesses to one buffer that one party has begun and not ended, so that each begin a heap saw is followed by its end: by the party, or when that is gone, or before the heap
/// loses the buffer. Touched only by whoever has the buffer's turn.
/// </summary>
internal sealed class OpenCpuAccesses : HeapTie
{
    /// <summary>So many may be open, since the heap is called for each at the end.</summary>
    public const int Most = 4096;

    private readonly BufferOps _ops;
    private readonly List<(DataDirection Direction, int Count)> _open = [];
    private BufferRecord _record;
    private int _count;
    private Caller? _last;

    public OpenCpuAccesses(BufferOps ops, BufferRecord record) => (_ops, _record) = (ops, record);

    public bool IsEmpty => _count == 0;

    /// <summary>Nothing is open, nor will be: it is for another buffer from now on, or for none yet.</summary>
    public void BeFor(BufferRecord record)
    {
        _record = record;
        _last = null;
    }

    /// <exception cref="HeapException">The heap refused or failed, or there are too many; nothing was begun.</exception>
    public void Begin(OpCall call, DataDirection direction, Caller caller)
    {
        if (_count == Most)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, $"CPU access to the buffer was begun {Most} times and never ended: end it first");
        }

        _ops.BeginCpuAccess(call, direction, caller);
        if (_count++ == 0) _record.Tie(this);
        _last = caller;
        var at = Find(direction);
        if (at < 0) _open.Add((direction, 1));
        else _open[at] = (direction, _open[at].Count + 1);
    }

    /// <summary>False, and nobody is told, when no such access was begun.</summary>
    /// <exception cref="HeapException">The heap failed; the access counts as ended.</exception>
    public bool TryEnd(OpCall call, DataDirection direction, Caller caller)
    {
        var at = Find(direction);
        if (at < 0) return false;
        if (_open[at].Count == 1) _open.RemoveAt(at);
        else _open[at] = (direction, _open[at].Count - 1);
        if (--_count == 0) _record.Untie(this);
        _ops.EndCpuAccess(call, direction, caller);
        return true;
    }

    /// <summary>Ends what is open, the latest direction first. What the heap throws is in the log.</summary>
    public void EndAll(OpCall call)
    {
        if (_count == 0) return;
        _record.Untie(this);
        EndWithHeap(call);
        _open.Clear();
        _count = 0;
    }

    private int Find(DataDirection direction)
    {
        for (var i = 0; i < _open.Count; i++)
        {
            if (_open[i].Direction == direction) return i;
        }

        return -1;
    }

    /// <summary>The party goes on to its own end, of which this heap does not hear any more.</summary>
    public override void EndWithHeap(OpCall call)
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            for (var left = _open[i].Count; left > 0; left--)
            {
                try
                {
                    _ops.EndCpuAccess(call, _open[i].Direction, _last!);
                }
                catch (HeapException)
                {
                }
            }
        }
    }
}
