using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Importers;

/// <summary>
/// One importer: a client at the end of a connection, or the program that embeds the host. It has what it attached, mapped and began, under numbers of its own that mean nothing to
/// others, and keeps the order: no map without an attachment, one mapping an attachment, no end without a begin. When it goes, all that is left is undone in reverse, once.
/// </summary>
/// <remarks>
/// A number is looked up when a request comes, so that the requests of one buffer queue up in the order they were sent; whether the op before it succeeded is looked at when its turn
/// comes. Thread-safe.
/// </remarks>
internal sealed partial class Importer(BufferOps ops, ImportLimits limits, Caller caller, Func<string> executable, ILogger log)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Attachment> _attachments = [];
    private readonly Dictionary<ulong, VirtualMapping> _mappings = [];
    private readonly Dictionary<BufferRecord, OpenCpuAccesses> _cpuAccess = [];
    private bool _closed;

    /// <summary>Attaches to a buffer.</summary>
    /// <param name="number">The importer's own number for the attachment.</param>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">The descriptor that was shown; kept by the attachment, and closed in any case.</param>
    /// <param name="constraints">What the importer can take.</param>
    /// <param name="direction">Which way it will move data.</param>
    /// <param name="asker">Told of the outcome.</param>
    /// <exception cref="HeapException">Refused before the heap is asked; the reply is not told.</exception>
    public void Attach(ulong number, BufferRecord record, SafeFileHandle shown, AttachConstraints constraints, DataDirection direction, OpAsker asker)
    {
        Attachment attachment;
        try
        {
            ConstraintCheck.ThrowIfNonsense(constraints, direction);
            ConstraintCheck.ThrowIfTooFine(constraints, record.Length);
            limits.Take(caller.UserId);
            attachment = new Attachment(record, shown, caller.UserId, limits, constraints, direction);
        }
        catch
        {
            shown.Dispose();
            throw;
        }

        Add(_attachments, number, attachment, "attachment");
        var attach = OpCall.For(record, asker, call =>
        {
            try
            {
                ThrowIfClosed();
                call.Shown = shown;
                var name = record.Heap.HasImporterHooks(record.Buffer) ? executable() : "";
                var request = new AttachRequest { Importer = caller, ImporterExecutable = name, Constraints = constraints, Direction = direction };
                attachment.Begin(
                    Logged(call, nameof(HeapBuffer.Attach), name, () => ops.Attach(call, request)),
                    heapEnding: ending => EndWithHeap(ending, attachment));
            }
            catch
            {
                Remove(_attachments, number, attachment);
                attachment.LetGo();
                throw;
            }

            return null;
        });
        attach.WhenGivenUp = _ => Remove(_attachments, number, attachment)?.LetGo();
        record.Turn.Post(attach);
    }

    /// <summary>Gives an attachment the memory.</summary>
    /// <exception cref="HeapException">Refused before the heap is asked; the reply is not told. So with the others.</exception>
    public void Map(ulong number, DataDirection direction, OpAsker asker)
    {
        ConstraintCheck.ThrowIfNonsense(direction);
        var attachment = Find(_attachments, number, "attachment");
        Post(attachment, asker, new OpSubject(this) { Kept = attachment, Number = number, Direction = direction }, static call =>
        {
            var (importer, attachment, number, direction) = ((Importer)call.Subject.Owner, (Attachment)call.Subject.Kept!, call.Subject.Number, call.Subject.Direction);
            importer.ThrowIfClosed();
            var given = attachment.Given ?? throw NotThere("attachment", number);
            if (attachment.Mapped is not null) throw new HeapException(HeapErrno.Busy, HeapCause.AlreadyMapped, $"attachment {number} is mapped already: unmap it first");
            if (attachment.Direction != DataDirection.Bidirectional && direction != attachment.Direction)
            {
                throw new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"attachment {number} was made for {attachment.Direction} and is mapped for {direction}");
            }

            try
            {
                return importer.Map(call, attachment, given, direction);
            }
            catch (HeapException refusal)
            {
                importer.LogRefusal(call, nameof(HeapBuffer.Map), given.ImporterExecutable, refusal);
                throw;
            }
        });
    }

    /// <summary>Takes a mapping back.</summary>
    public void Unmap(ulong number, OpAsker asker)
    {
        var attachment = Find(_attachments, number, "attachment");
        Post(attachment, asker, new OpSubject(this) { Kept = attachment, Number = number }, static call =>
        {
            var (importer, attachment, number) = ((Importer)call.Subject.Owner, (Attachment)call.Subject.Kept!, call.Subject.Number);
            if (attachment.Given is null) throw NotThere("attachment", number);
            if (attachment.Mapped is null) throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, $"attachment {number} is not mapped");
            importer.Unmap(call, attachment);
            return null;
        });
    }

    /// <summary>Ends an attachment, and its mapping before it.</summary>
    public void Detach(ulong number, OpAsker asker)
    {
        var attachment = Take(_attachments, number, "attachment");
        Post(attachment, asker, new OpSubject(this) { Kept = attachment, Number = number }, static call =>
        {
            var (importer, attachment) = ((Importer)call.Subject.Owner, (Attachment)call.Subject.Kept!);
            if (attachment.Given is null) throw NotThere("attachment", call.Subject.Number);
            importer.Detach(call, attachment);
            return null;
        }, static call => call.Subject.Kept!.LetGo());
    }

    /// <summary>Gives the whole buffer as one range for a CPU. The descriptor is kept, as an attachment's is.</summary>
    public void Vmap(ulong number, BufferRecord record, SafeFileHandle shown, OpAsker asker)
    {
        VirtualMapping mapping;
        try
        {
            limits.Take(caller.UserId);
            mapping = new VirtualMapping(record, shown, caller.UserId, limits);
        }
        catch
        {
            shown.Dispose();
            throw;
        }

        Add(_mappings, number, mapping, "vmap");
        var vmap = OpCall.For(record, asker, call =>
        {
            try
            {
                ThrowIfClosed();
                return Logged(call, nameof(HeapBuffer.Vmap), "", () => Vmap(call, mapping, number));
            }
            catch
            {
                Remove(_mappings, number, mapping);
                mapping.LetGo();
                throw;
            }
        });
        vmap.WhenGivenUp = _ => Remove(_mappings, number, mapping)?.LetGo();
        record.Turn.Post(vmap);
    }

    /// <summary>Takes back what a vmap gave.</summary>
    public void Vunmap(ulong number, OpAsker asker)
    {
        var mapping = Take(_mappings, number, "vmap");
        Post(mapping, asker, new OpSubject(this) { Kept = mapping, Number = number }, static call =>
        {
            var (importer, mapping) = ((Importer)call.Subject.Owner, (VirtualMapping)call.Subject.Kept!);
            if (mapping.Mapped is null) throw NotThere("vmap", call.Subject.Number);
            importer.Vunmap(call, mapping);
            return null;
        }, static call => call.Subject.Kept!.LetGo());
    }

    /// <summary>Begins CPU access to a buffer that has hooks for it.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">Kept until the hook has returned, so that the buffer is not released under it, and closed in any case; null where the heap has no hook.</param>
    /// <param name="direction">What the CPU does.</param>
    /// <param name="asker">Told of the outcome.</param>
    public void BeginCpuAccess(BufferRecord record, SafeFileHandle? shown, DataDirection direction, OpAsker asker) =>
        Post(record, asker, new OpSubject(this) { Shown = shown, Direction = direction }, static call =>
        {
            var importer = (Importer)call.Subject.Owner;
            using (call.Subject.Shown)
            {
                call.Shown = call.Subject.Shown;
                var open = importer.CpuAccessTo(call.Record); // should the importer go meanwhile, its undoing finds it
                try
                {
                    open.Begin(call, call.Subject.Direction, importer.Caller);
                }
                finally
                {
                    importer.ForgetEnded(call.Record, open);
                }

                return null;
            }
        }, static call => call.Subject.Shown?.Dispose());

    /// <summary>Ends CPU access that this importer began.</summary>
    /// <inheritdoc cref="BeginCpuAccess" path="/param"/>
    public void EndCpuAccess(BufferRecord record, SafeFileHandle? shown, DataDirection direction, OpAsker asker) =>
        Post(record, asker, new OpSubject(this) { Shown = shown, Direction = direction }, static call =>
        {
            var importer = (Importer)call.Subject.Owner;
            using (call.Subject.Shown)
            {
                var open = importer.OpenAccessTo(call.Record);
                call.Shown = call.Subject.Shown;
                try
                {
                    if (open is not null && open.TryEnd(call, call.Subject.Direction, importer.Caller)) return null;
                }
                finally
                {
                    if (open is not null) importer.ForgetEnded(call.Record, open);
                }

                throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, "CPU access is ended that this importer did not begin, or began in another direction");
            }
        }, static call => call.Subject.Shown?.Dispose());

    private Caller Caller => caller;

    private static void Post(KeptBuffer kept, OpAsker asker, in OpSubject subject, Func<OpCall, MappedMemory?> body, Action<OpCall>? whenGivenUp = null) =>
        Post(kept.Record, asker, in subject, body, whenGivenUp);

    // Bodies capture nothing: what they work on is in the call, which is used again.
    private static void Post(BufferRecord record, OpAsker asker, in OpSubject subject, Func<OpCall, MappedMemory?> body, Action<OpCall>? whenGivenUp = null)
    {
        var call = OpCall.For(record, asker, body);
        call.Subject = subject;
        call.WhenGivenUp = whenGivenUp;
        record.Turn.Post(call);
    }

    private void ThrowIfClosed()
    {
        lock (_lock)
        {
            if (_closed) throw Allocation.Allocator.Withdrawn();
        }
    }

    // A refusal by the heap is worth a line: who was refused what, and why.
    private T Logged<T>(OpCall call, string op, string executableName, Func<T> func)
    {
        try
        {
            return func();
        }
        catch (HeapException refusal)
        {
            LogRefusal(call, op, executableName, refusal);
            throw;
        }
    }

    private void LogRefusal(OpCall call, string op, string executableName, HeapException refusal) =>
        HostLog.ImporterRefused(log, caller.UserId, caller.ProcessId, executableName.Length == 0 ? "unknown" : executableName, op, call.Record.Sequence,
            call.Record.Heap.Name, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);
}
