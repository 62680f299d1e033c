using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Importers;

/// <content>The ops themselves, and their undoing. All of it runs in the buffer's turn.</content>
internal sealed partial class Importer
{
    /// <summary>The importer is gone: undoes all it left, buffer by buffer, in reverse of how it came about.</summary>
    public void Close()
    {
        Attachment[] attachments;
        VirtualMapping[] mappings;
        KeyValuePair<BufferRecord, OpenCpuAccesses>[] cpuAccess;
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            attachments = [.. _attachments.Values];
            mappings = [.. _mappings.Values];
            cpuAccess = [.. _cpuAccess];
            _attachments.Clear();
            _mappings.Clear();
            _cpuAccess.Clear();
        }

        var records = cpuAccess.Select(access => access.Key).Concat(mappings.Select(mapping => mapping.Record)).Concat(attachments.Select(attachment => attachment.Record));
        foreach (var record in records.Distinct().Reverse())
        {
            Undo(record,
                [.. attachments.Where(attachment => attachment.Record == record).Reverse()],
                [.. mappings.Where(mapping => mapping.Record == record).Reverse()],
                cpuAccess.FirstOrDefault(access => access.Key == record).Value);
        }
    }

    private void Undo(BufferRecord record, Attachment[] attachments, VirtualMapping[] mappings, OpenCpuAccesses? cpuAccess)
    {
        var undo = OpCall.For(record, asker: null, call =>
        {
            if (attachments.Length > 0) HostLog.ImporterLeft(log, caller.UserId, caller.ProcessId, attachments.Length, record.Sequence, record.Heap.Name);
            if (attachments.Length > 0) call.Shown = attachments[0].Shown; // the client's own descriptor is gone with it
            cpuAccess?.EndAll(call);
            foreach (var mapping in mappings) Quietly(() => Vunmap(call, mapping));
            foreach (var attachment in attachments) Quietly(() => Detach(call, attachment));
            return null;
        });
        undo.WhenGivenUp = _ =>
        {
            foreach (var mapping in mappings) mapping.LetGo();
            foreach (var attachment in attachments) attachment.LetGo();
        };
        record.Turn.Post(undo);
    }

    private MappedMemory Map(OpCall call, Attachment attachment, BufferAttachment given, DataDirection direction)
    {
        call.Shown = attachment.Shown;
        var segments = ops.Map(call, given, direction);
        try
        {
            var memory = SegmentOpening.Open(segments, attachment, direction, what => ops.Broken(call, nameof(HeapBuffer.Map), what));
            (attachment.Mapped, attachment.MappedDirection) = (segments, direction);
            call.Undo = () => Quietly(() => Unmap(call, attachment));
            return memory;
        }
        catch
        {
            Quietly(() => ops.Unmap(call, given, segments, direction));
            throw;
        }
    }

    private void Unmap(OpCall call, Attachment attachment)
    {
        if (attachment is not { Given: { } given, Mapped: { } segments }) return;
        attachment.Mapped = null; // it counts as done even when the heap throws
        call.Shown = attachment.Shown;
        ops.Unmap(call, given, segments, attachment.MappedDirection);
    }

    private void Detach(OpCall call, Attachment attachment)
    {
        call.Shown = attachment.Shown;
        try
        {
            try
            {
                Unmap(call, attachment);
            }
            finally
            {
                if (attachment.Given is { } given) ops.Detach(call, given);
            }
        }
        finally
        {
            attachment.LetGo();
        }
    }

    private void EndWithHeap(OpCall call, Attachment attachment)
    {
        if (attachment.Given is not { } given) return;
        if (attachment.Mapped is { } segments) Quietly(() => ops.Unmap(call, given, segments, attachment.MappedDirection));
        Quietly(() => ops.Detach(call, given));
        attachment.GoOnWithoutHeap();
    }

    private void EndWithHeap(OpCall call, VirtualMapping mapping)
    {
        if (mapping.Mapped is not { } segment) return;
        Quietly(() => ops.Vunmap(call, segment));
        mapping.GoOnWithoutHeap();
    }

    private MappedMemory Vmap(OpCall call, VirtualMapping mapping, ulong number)
    {
        var segment = ops.Vmap(call);
        try
        {
            var memory = SegmentOpening.OpenWhole(segment, mapping, what => ops.Broken(call, nameof(HeapBuffer.Vmap), what));
            mapping.Begin(segment, heapEnding: ending => EndWithHeap(ending, mapping));
            call.Undo = () =>
            {
                Remove(_mappings, number, mapping);
                Quietly(() => Vunmap(call, mapping));
            };
            return memory;
        }
        catch
        {
            Quietly(() => ops.Vunmap(call, segment));
            throw;
        }
    }

    private void Vunmap(OpCall call, VirtualMapping mapping)
    {
        try
        {
            if (mapping.Mapped is not { } segment) return;
            mapping.Mapped = null;
            ops.Vunmap(call, segment);
        }
        finally
        {
            mapping.LetGo();
        }
    }

    // What it threw is in the log already, and there is nobody left to tell.
    private static void Quietly(Action undo)
    {
        try
        {
            undo();
        }
        catch (HeapException)
        {
        }
    }
}
