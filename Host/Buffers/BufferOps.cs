using System.Text;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Ops;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// Calls the ops of buffers, and gauges: watched and contained, so that what a heap throws is an errno for the caller and an entry in the log. Whoever calls has the buffer's turn.
/// </summary>
internal sealed class BufferOps(OpWatch watch, ILogger log)
{
    /// <returns>What the heap returned; null where the buffer's class leaves importers to the contract's defaults: then nobody wants one.</returns>
    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public BufferAttachment? Attach(OpCall call, AttachRequest request)
    {
        if (call.Record.Heap.HasImporterHooks(call.Record.Buffer))
        {
            return Call(call, nameof(HeapBuffer.Attach), request, static (buffer, request) => buffer.Attach(in request)) ?? throw Broken(call, nameof(HeapBuffer.Attach), "returned null");
        }

        ThrowIfOver(call);
        request.Constraints.ThrowIfNotMetBy(call.Record.Memory);
        return null;
    }

    /// <exception cref="HeapException">The heap failed; the attachment counts as ended.</exception>
    public void Detach(OpCall call, BufferAttachment? attachment) =>
        Undo(call, nameof(HeapBuffer.Detach), attachment, static (buffer, attachment) => buffer.Detach(attachment!));

    /// <param name="call">The call, which has room for segments that no heap makes.</param>
    /// <param name="attachment">What <see cref="Attach"/> returned; null as well when the heap has ended since.</param>
    /// <param name="constraints">What the importer takes.</param>
    /// <param name="direction">Which way it moves data.</param>
    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public IReadOnlyList<MemorySegment> Map(OpCall call, BufferAttachment? attachment, AttachConstraints constraints, DataDirection direction)
    {
        var memory = call.Record.Memory;
        if (attachment is null && memory.Kind == MemoryKind.Pages)
        {
            ThrowIfOver(call);
            MemorySegment.Cut(memory, constraints.SegmentStep(memory), call.Memory.Segments);
            return call.Memory.Segments;
        }

        // Of other memory the default gives nothing, and says so itself.
        attachment ??= new BufferAttachment(new AttachRequest { Constraints = constraints, Direction = direction });
        return Call(call, nameof(HeapBuffer.Map), (attachment, direction), static (buffer, of) => buffer.Map(of.attachment, of.direction)) ?? throw Broken(call, nameof(HeapBuffer.Map), "returned null");
    }

    /// <exception cref="HeapException">The heap failed; the mapping counts as ended.</exception>
    public void Unmap(OpCall call, BufferAttachment? attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction) =>
        Undo(call, nameof(HeapBuffer.Unmap), (attachment, segments, direction), static (buffer, of) => buffer.Unmap(of.attachment!, of.segments, of.direction));

    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public MemorySegment Vmap(OpCall call) => Call(call, nameof(HeapBuffer.Vmap), 0, static (buffer, _) => buffer.Vmap());

    /// <exception cref="HeapException">The heap failed; the mapping counts as ended.</exception>
    public void Vunmap(OpCall call, MemorySegment mapping) => Undo(call, nameof(HeapBuffer.Vunmap), mapping, static (buffer, mapping) => buffer.Vunmap(mapping));

    /// <exception cref="HeapException">The heap refused or failed.</exception>
    public void BeginCpuAccess(OpCall call, DataDirection direction, Caller caller)
    {
        if (!call.Record.Heap.HasCpuAccessHooks(call.Record.Buffer)) return;
        Call(call, nameof(HeapBuffer.BeginCpuAccess), new CpuAccess { Direction = direction, Caller = caller }, static (buffer, access) =>
        {
            buffer.BeginCpuAccess(in access);
            return 0;
        });
    }

    /// <exception cref="HeapException">The heap failed; the access counts as ended.</exception>
    public void EndCpuAccess(OpCall call, DataDirection direction, Caller caller)
    {
        if (!call.Record.Heap.HasCpuAccessHooks(call.Record.Buffer)) return;
        Undo(call, nameof(HeapBuffer.EndCpuAccess), new CpuAccess { Direction = direction, Caller = caller }, static (buffer, access) => buffer.EndCpuAccess(in access));
    }

    /// <summary>Asks which descriptor the buffer's clients get. Nobody else has the buffer yet.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="whenGivenUp">Told when the heap does not come back; null where nobody can be told.</param>
    /// <exception cref="HeapException">The heap failed, or came back after it was given up.</exception>
    public MmapPolicy MmapPolicyOf(BufferRecord record, IEarlyAnswer? whenGivenUp)
    {
        if (!record.Heap.IsEnteredBy(nameof(HeapBuffer.MmapPolicy), record.Buffer)) return record.Buffer.MmapPolicy;
        return AskMmapPolicy(record, whenGivenUp);
    }

    private MmapPolicy AskMmapPolicy(BufferRecord record, IEarlyAnswer? whenGivenUp)
    {
        record.MarkFound(); // the watchdog may come to it late
        var call = OpCall.For(record, asker: null, static _ => { });
        whenGivenUp?.HandOut();
        if (whenGivenUp is not null) call.WhenGivenUp = _ => whenGivenUp.Send(record.Heap.Health.Refusal(record.Heap.Name));
        return Call(call, nameof(HeapBuffer.MmapPolicy), 0, static (buffer, _) => buffer.MmapPolicy);
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
        if (slot.Heap.Journal() is not { } journal)
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

    /// <summary>A heap whose op returned what the contract does not allow.</summary>
    public HeapException Broken(OpCall call, string op, string what)
    {
        var exception = new InvalidOperationException($"{op} {what}.");
        call.Record.Heap.Statistics.HookFailed();
        HostLog.HeapFaulted(log, call.Record.Heap.Name, op, CurrentRequest.Text, exception);
        return new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {call.Record.Heap.Name} broke the contract: its {op} {what}", exception);
    }

    // What the op is called with is passed on beside the function, which so captures nothing and is made once.
    private T Call<TArgument, T>(OpCall call, string op, TArgument argument, Func<HeapBuffer, TArgument, T> func)
    {
        ThrowIfOver(call);
        var (record, slot) = (call.Record, call.Record.Heap);
        if (!slot.IsEnteredBy(op, record.Buffer)) return func(record.Buffer, argument); // the default is the contract's own: it comes back, and throws refusals alone
        watch.Enter(call, op);
        record.Memory.Show(call.Shown);
        try
        {
            return func(record.Buffer, argument);
        }
        catch (Exception exception) when (exception is not HeapException)
        {
            throw Fault(slot, op, exception);
        }
        finally
        {
            record.Memory.Show(null);
            watch.Leave(call);
        }
    }

    private static void ThrowIfOver(OpCall call)
    {
        var (record, slot) = (call.Record, call.Record.Heap);
        slot.Health.ThrowIfFaulted(slot.Name);
        if (record.State >= BufferState.Releasing) throw new HeapException(HeapErrno.InputOutput, HeapCause.Stopping, "the buffer was given back to its heap, since the host is stopping");
    }

    // What undoes something is not called after a release, and that is nobody's fault.
    private void Undo<TArgument>(OpCall call, string op, TArgument argument, Action<HeapBuffer, TArgument> undo)
    {
        if (call.Record.State >= BufferState.Releasing) return;
        Call(call, op, (argument, undo), static (buffer, of) =>
        {
            of.undo(buffer, of.argument);
            return 0;
        });
    }

    private HeapException Fault(HeapSlot slot, string hook, Exception exception)
    {
        HeapFaults.Report(slot, hook, exception, log);
        return new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {slot.Name} failed in {hook}: {exception.Message}", exception);
    }
}
