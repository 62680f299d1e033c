using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Ops;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// CPU access begun by the program that embeds the host, which has no connection to remember it: heaps are promised no end without its begin. What is left open when the heap loses
/// the buffer is ended before. Thread-safe.
/// </summary>
internal sealed class EmbeddedCpuAccess(BufferOps ops)
{
    private readonly ConditionalWeakTable<BufferRecord, OpenCpuAccesses> _open = [];

    /// <exception cref="HeapException">The heap refused or failed; nothing was begun.</exception>
    public void Begin(BufferRecord record, SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        if (!record.Heap.HasCpuAccessHooks(record.Buffer)) return;
        Carry(record, shown, call => _open.GetValue(record, New).Begin(call, direction, caller));
    }

    /// <summary>False, and nobody is told, when no such access was begun.</summary>
    /// <exception cref="HeapException">The heap failed; the access counts as ended.</exception>
    public bool End(BufferRecord record, SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        if (!_open.TryGetValue(record, out var open)) return false;
        var ended = false;
        Carry(record, shown, call => ended = open.TryEnd(call, direction, caller));
        return ended;
    }

    private static void Carry(BufferRecord record, SafeFileHandle shown, Action<OpCall> op)
    {
        var reply = new WaitingReply();
        record.Turn.Post(OpCall.For(record, new OpAsker(reply), call =>
        {
            call.Shown = shown;
            op(call);
        }));
        reply.Wait();
    }

    private OpenCpuAccesses New(BufferRecord record) => new(ops, record);
}
