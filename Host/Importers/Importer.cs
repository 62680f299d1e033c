using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Importers;

/// <summary>
/// One importer: a client at the end of a connection, or the program that embeds the host. It has what it attached, mapped and began, under numbers of its own that mean nothing to
/// others, and keeps the order: no map without an attachment, one mapping an attachment, no end without a begin. When it goes, all that is left is undone in reverse, once.
/// </summary>
/// <remarks>
/// A number is looked up when a request comes, so that the requests of one buffer queue up in the order they were sent; whether the op before it succeeded is looked at when its turn
/// comes. What is posted captures nothing: what it works on is in the call, which is used again. Thread-safe.
/// </remarks>
internal sealed partial class Importer
{
    private readonly Lock _lock = new();
    private readonly KeptTable _attachments;
    private readonly KeptTable _mappings;
    private readonly ILogger _log;
    private bool _closed;

    public Importer(BufferOps ops, ImportLimits limits, Caller caller, Func<string> executable, ILogger log)
    {
        (Ops, Limits, Caller, Executable, _log) = (ops, limits, caller, executable, log);
        (_attachments, _mappings) = (new KeptTable(_lock, "attachment"), new KeptTable(_lock, "vmap"));
    }

    public BufferOps Ops { get; }

    public ImportLimits Limits { get; }

    public Caller Caller { get; }

    /// <summary>Finds out what program it runs now.</summary>
    public Func<string> Executable { get; }

    /// <summary>Attaches to a buffer.</summary>
    /// <param name="number">The importer's own number for the attachment.</param>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">The descriptor that was shown; the attachment's from then on, and untouched where that is refused.</param>
    /// <param name="constraints">What the importer can take.</param>
    /// <param name="direction">Which way it will move data.</param>
    /// <param name="asker">Told of the outcome.</param>
    /// <exception cref="HeapException">Refused before the heap is asked; the reply is not told. So with the others.</exception>
    public void Attach(ulong number, BufferRecord record, ReusableDescriptor shown, AttachConstraints constraints, DataDirection direction, OpAsker asker)
    {
        ConstraintCheck.ThrowIfNonsense(constraints, direction);
        ConstraintCheck.ThrowIfTooFine(constraints, record.Length);
        Limits.Take(Caller.UserId);
        var attachment = (Attachment?)_attachments.TakeSpare() ?? new Attachment(this, _attachments);
        attachment.Ask(constraints, direction);
        Begin(attachment, number, record, shown, asker);
    }

    /// <summary>Gives an attachment the memory.</summary>
    public void Map(ulong number, DataDirection direction, OpAsker asker)
    {
        ConstraintCheck.ThrowIfNonsense(direction);
        Post(_attachments.Find(number), number, direction, asker, static call =>
        {
            var attachment = (Attachment)call.Subject.Kept!;
            attachment.Importer.ThrowIfClosed();
            attachment.ThrowIfNotBegun(call);
            attachment.Map(call, call.Subject.Number, call.Subject.Direction);
        });
    }

    /// <summary>Takes a mapping back.</summary>
    public void Unmap(ulong number, OpAsker asker) => Post(_attachments.Find(number), number, default, asker, static call =>
    {
        var attachment = (Attachment)call.Subject.Kept!;
        attachment.ThrowIfNotBegun(call);
        attachment.Unmap(call, call.Subject.Number);
    });

    /// <summary>Ends an attachment, and its mapping before it.</summary>
    public void Detach(ulong number, OpAsker asker) => End(_attachments, number, asker);

    /// <summary>Gives the whole buffer as one range for a CPU. The descriptor is kept, as an attachment's is.</summary>
    public void Vmap(ulong number, BufferRecord record, ReusableDescriptor shown, OpAsker asker)
    {
        Limits.Take(Caller.UserId);
        Begin(_mappings.TakeSpare() ?? new VirtualMapping(this, _mappings), number, record, shown, asker);
    }

    /// <summary>Takes back what a vmap gave.</summary>
    public void Vunmap(ulong number, OpAsker asker) => End(_mappings, number, asker);

    /// <summary>A refusal by the heap is worth a line: who was refused what, and why.</summary>
    public void LogRefusal(OpCall call, string op, string executableName, HeapException refusal) =>
        HostLog.ImporterRefused(_log, Caller.UserId, Caller.ProcessId, executableName.Length == 0 ? "unknown" : executableName, op, call.Record.Sequence,
            call.Record.Heap.Name, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);

    private void ThrowIfClosed()
    {
        lock (_lock)
        {
            if (_closed) throw Allocation.Allocator.Withdrawn();
        }
    }

    private static void Begin(KeptBuffer kept, ulong number, BufferRecord record, ReusableDescriptor shown, OpAsker asker)
    {
        kept.Keep(record, shown);
        kept.Table.Add(number, kept);
        Post(kept, number, default, asker, static call =>
        {
            var kept = call.Subject.Kept!;
            try
            {
                kept.Importer.ThrowIfClosed();
                kept.Begin(call);
            }
            catch
            {
                kept.Table.TryRemove(call.Subject.Number, kept);
                kept.LetGo();
                throw;
            }
        }, static call =>
        {
            if (call.Subject.Kept is { } kept && kept.Table.TryRemove(call.Subject.Number, kept)) kept.Abandon();
        });
    }

    private static void End(KeptTable table, ulong number, OpAsker asker) => Post(table.Take(number), number, default, asker, static call =>
    {
        call.Subject.Kept!.ThrowIfNotBegun(call);
        call.Subject.Kept!.End(call);
    }, static call => call.Subject.Kept!.Abandon());

    private static void Post(KeptBuffer kept, ulong number, DataDirection direction, OpAsker asker, Action<OpCall> body, Action<OpCall>? whenGivenUp = null)
    {
        var call = OpCall.For(kept.Record, asker, body);
        call.Subject = new OpSubject(kept.Importer) { Kept = kept, Number = number, Direction = direction };
        call.WhenGivenUp = whenGivenUp;
        kept.Record.Turn.Post(call);
    }
}
