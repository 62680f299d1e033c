using System.Text;
using DmaHeap.Hosting.Heaps;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// Calls the ops of buffers, one at a time for each buffer, and gauges: contained, so that what a heap throws is an errno for the caller and an entry in the log.
/// </summary>
internal sealed class BufferOps(ILogger log)
{
    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public void BeginCpuAccess(BufferRecord record, DataDirection direction, Caller caller)
    {
        if (!record.Heap.HasCpuAccessHooks(record.Buffer)) return;
        var access = new CpuAccess { Direction = direction, Caller = caller };
        Call(record, nameof(HeapBuffer.BeginCpuAccess), buffer => buffer.BeginCpuAccess(in access));
    }

    /// <exception cref="HeapException">The heap refused or failed; the access counts as ended.</exception>
    public void EndCpuAccess(BufferRecord record, DataDirection direction, Caller caller)
    {
        if (!record.Heap.HasCpuAccessHooks(record.Buffer)) return;
        var access = new CpuAccess { Direction = direction, Caller = caller };
        Call(record, nameof(HeapBuffer.EndCpuAccess), buffer => buffer.EndCpuAccess(in access));
    }

    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public HeapGauges ReadGauges(HeapSlot slot, IHeapGauge gauge)
    {
        try
        {
            return gauge.ReadGauges();
        }
        catch (Exception exception) when (exception is not HeapException)
        {
            throw Fault(slot, nameof(IHeapGauge.ReadGauges), exception);
        }
    }

    /// <exception cref="HeapException">The heap keeps no journal, or failed.</exception>
    public HeapJournalPage ReadJournal(HeapSlot slot, long after, int most)
    {
        const int LongestLine = 4096;
        if (slot.Heap is not IHeapJournal journal)
        {
            throw new HeapException(HeapErrno.NotSupported, HeapCause.NoJournal, $"heap {slot.Name} keeps no journal; the plugin FakeHeap does");
        }

        try
        {
            var page = journal.ReadJournal(after, most) ?? throw new InvalidOperationException("ReadJournal returned null.");
            if (page.Lines.Count > most || page.Lines.Any(line => line.Contains('\n') || Encoding.UTF8.GetByteCount(line) > LongestLine))
                throw new InvalidOperationException($"ReadJournal returned more than {most} lines, or one that is longer than {LongestLine} bytes or has a line feed inside.");
            return page;
        }
        catch (Exception exception) when (exception is not HeapException)
        {
            throw Fault(slot, nameof(IHeapJournal.ReadJournal), exception);
        }
    }

    private void Call(BufferRecord record, string op, Action<HeapBuffer> call)
    {
        try
        {
            // A turn at this one buffer, not a lock over the framework's state: other buffers and all else go on. A release takes its turn too, and nothing comes after it.
            lock (record)
            {
                if (record.State < BufferState.Releasing) call(record.Buffer);
            }
        }
        catch (Exception exception) when (exception is not HeapException)
        {
            throw Fault(record.Heap, op, exception);
        }
    }

    private HeapException Fault(HeapSlot slot, string hook, Exception exception)
    {
        slot.Statistics.HookFailed();
        HostLog.HeapFaulted(log, slot.Name, hook, CurrentRequest.Text, exception);
        return new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {slot.Name} failed in {hook}: {exception.Message}", exception);
    }
}
