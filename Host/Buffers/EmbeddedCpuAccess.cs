using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Ops;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// CPU access begun by the program that embeds the host, which has no connection to remember it: heaps are promised no end without its begin. What is remembered goes
/// with the buffer. Thread-safe.
/// </summary>
internal sealed class EmbeddedCpuAccess(BufferOps ops)
{
    private readonly ConditionalWeakTable<BufferRecord, OpenAccesses> _open = [];

    /// <exception cref="HeapException">The heap refused or failed; nothing was begun.</exception>
    public void Begin(BufferRecord record, SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        if (!record.Heap.HasCpuAccessHooks(record.Buffer)) return;
        Carry(record, shown, call =>
        {
            ops.BeginCpuAccess(call, direction, caller);
            _open.GetOrCreateValue(record).Add(direction);
        });
    }

    /// <summary>False, and nobody is told, when no such access was begun.</summary>
    /// <exception cref="HeapException">The heap failed; the access counts as ended.</exception>
    public bool End(BufferRecord record, SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        if (!_open.TryGetValue(record, out var open) || !open.TryRemove(direction)) return false;
        Carry(record, shown, call => ops.EndCpuAccess(call, direction, caller));
        return true;
    }

    private static void Carry(BufferRecord record, SafeFileHandle shown, Action<OpCall> op)
    {
        var reply = new WaitingReply();
        record.Turn.Post(new OpCall(record, reply, call =>
        {
            call.Shown = shown;
            op(call);
            return null;
        }));
        reply.Wait();
    }

    private sealed class OpenAccesses
    {
        private readonly Dictionary<DataDirection, int> _counts = [];

        public void Add(DataDirection direction)
        {
            lock (_counts) _counts[direction] = _counts.GetValueOrDefault(direction) + 1;
        }

        public bool TryRemove(DataDirection direction)
        {
            lock (_counts)
            {
                var count = _counts.GetValueOrDefault(direction);
                if (count == 0) return false;
                _counts[direction] = count - 1;
                return true;
            }
        }
    }
}
