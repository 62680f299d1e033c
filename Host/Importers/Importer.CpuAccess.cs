using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Importers;

/// <content>CPU access that the importer began and has not ended.</content>
internal sealed partial class Importer
{
    private const int LeastRoom = 64;

    private readonly Dictionary<BufferRecord, OpenCpuAccesses> _cpuAccess = [];
    private OpenCpuAccesses? _spareAccesses;
    private int _cpuAccessRoom = LeastRoom;

    /// <summary>Begins CPU access to a buffer.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">Kept until the hook has returned, so that the buffer is not released under it; empty from then on. Null where the heap has no hook.</param>
    /// <param name="direction">What the CPU does.</param>
    /// <param name="asker">Told of the outcome.</param>
    public void BeginCpuAccess(BufferRecord record, ReusableDescriptor? shown, DataDirection direction, OpAsker asker) => Post(record, shown, direction, asker, static call =>
    {
        var importer = (Importer)call.Subject.Owner;
        var open = importer.CpuAccessTo(call.Record); // should the importer go meanwhile, its undoing finds it
        try
        {
            open.Begin(call, call.Subject.Direction, importer.Caller);
        }
        finally
        {
            importer.ForgetEnded(call.Record, open);
        }
    });

    /// <summary>Ends CPU access that this importer began.</summary>
    /// <inheritdoc cref="BeginCpuAccess" path="/param"/>
    public void EndCpuAccess(BufferRecord record, ReusableDescriptor? shown, DataDirection direction, OpAsker asker) => Post(record, shown, direction, asker, static call =>
    {
        var importer = (Importer)call.Subject.Owner;
        if (importer.OpenAccessTo(call.Record) is { } open)
        {
            try
            {
                if (open.TryEnd(call, call.Subject.Direction, importer.Caller)) return;
            }
            finally
            {
                importer.ForgetEnded(call.Record, open);
            }
        }

        throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, "CPU access is ended that this importer did not begin, or began in another direction");
    });

    private void Post(BufferRecord record, ReusableDescriptor? shown, DataDirection direction, OpAsker asker, Action<OpCall> body)
    {
        var call = OpCall.For(record, asker, body);
        call.Subject = new OpSubject(this) { Direction = direction };
        if (shown is not null) call.Keep(shown);
        record.Turn.Post(call);
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

            open = _spareAccesses ?? new OpenCpuAccesses(Ops, record);
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
}
