using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Importers;

/// <content>The end of an importer.</content>
internal sealed partial class Importer
{
    /// <summary>The importer is gone: undoes all it left, buffer by buffer, in reverse of how it came about.</summary>
    public void Close()
    {
        KeptBuffer[] attachments, mappings;
        KeyValuePair<BufferRecord, OpenCpuAccesses>[] cpuAccess;
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            attachments = _attachments.Close();
            mappings = _mappings.Close();
            cpuAccess = [.. _cpuAccess];
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

    private void Undo(BufferRecord record, KeptBuffer[] attachments, KeptBuffer[] mappings, OpenCpuAccesses? cpuAccess)
    {
        var undo = OpCall.For(record, asker: null, call =>
        {
            if (attachments.Length > 0) HostLog.ImporterLeft(_log, Caller.UserId, Caller.ProcessId, attachments.Length, record.Sequence, record.Heap.Name);
            if (attachments.Length > 0) call.Shown = attachments[0].Shown; // the client's own descriptor is gone with it
            cpuAccess?.EndAll(call);
            foreach (var kept in mappings.Concat(attachments)) kept.EndQuietly(call);
        });
        undo.WhenGivenUp = _ =>
        {
            foreach (var kept in mappings.Concat(attachments)) kept.Abandon();
        };
        record.Turn.Post(undo);
    }
}
