using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>The ops of one buffer. The host calls them one at a time.</summary>
internal sealed class BufferCalls(HeapBuffer buffer, HostMemoryService memory)
{
    private const int PartOfSegments = 1024;

    private readonly Dictionary<ulong, (BufferAttachment Attachment, IReadOnlyList<MemorySegment>? Mapped)> _attachments = [];

    public HeapBuffer Buffer => buffer;

    public void Carry(WireKind kind, ulong call, Channel channel)
    {
        var from = channel.In;
        WireWriter Done() => channel.Out.Begin(WireKind.Done).Number(call);
        switch (kind)
        {
            case WireKind.Attach:
                var (number, request) = (from.Number(), from.ReadAttach());
                _attachments[number] = (buffer.Attach(in request) ?? throw new InvalidOperationException("Attach returned null."), null);
                Done();
                break;
            case WireKind.Detach:
                var left = Find(number = from.Number()).Attachment;
                _attachments.Remove(number);
                buffer.Detach(left);
                Done();
                break;
            case WireKind.Map:
                number = from.Number();
                Map(number, (DataDirection)from.Int(), call, channel);
                break;
            case WireKind.Unmap:
                var (attachment, mapped) = Find(number = from.Number());
                _attachments[number] = (attachment, null);
                buffer.Unmap(attachment, mapped ?? [], (DataDirection)from.Int());
                Done();
                break;
            case WireKind.BeginCpuAccess:
                buffer.BeginCpuAccess(from.ReadCpuAccess());
                Done();
                break;
            case WireKind.EndCpuAccess:
                buffer.EndCpuAccess(from.ReadCpuAccess());
                Done();
                break;
            case WireKind.Vmap:
                var whole = buffer.Vmap();
                Write(whole, Done());
                break;
            case WireKind.Vunmap:
                buffer.Vunmap(new MemorySegment(memory.Find(from.Number()), from.Long(), from.Long()));
                Done();
                break;
            default:
                throw new WireException($"sent a call of kind {(int)kind}");
        }
    }

    private (BufferAttachment Attachment, IReadOnlyList<MemorySegment>? Mapped) Find(ulong number) =>
        _attachments.TryGetValue(number, out var known) ? known : throw new WireException("named an attachment that is not there");

    // Kept here until the unmap: the heap gets the very list back that it gave.
    private void Map(ulong number, DataDirection direction, ulong call, Channel channel)
    {
        var attachment = Find(number).Attachment;
        var segments = buffer.Map(attachment, direction) ?? throw new InvalidOperationException("Map returned null.");
        _attachments[number] = (attachment, segments);
        for (var at = 0; ; at += PartOfSegments)
        {
            var count = Math.Min(PartOfSegments, segments.Count - at);
            var isLast = at + count == segments.Count;
            var to = channel.Out.Begin(isLast ? WireKind.Done : WireKind.More).Number(call).Int(count);
            for (var i = at; i < at + count; i++) Write(segments[i], to);
            if (isLast) return;
            channel.Send();
        }
    }

    private static void Write(MemorySegment segment, WireWriter to)
    {
        if (segment.Memory is not HostMemory own) throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it mapped memory that is not of the host's memory service");
        to.Number(own.Number).Long(segment.Offset).Long(segment.Length);
    }
}
