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
    /// <param name="reply">Told of the outcome.</param>
    /// <exception cref="HeapException">Refused before the heap is asked; the reply is not told.</exception>
    public void Attach(ulong number, BufferRecord record, SafeFileHandle shown, AttachConstraints constraints, DataDirection direction, IOpReply reply)
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
        record.Turn.Post(new OpCall(record, reply, call =>
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
        })
        {
            WhenGivenUp = () => Remove(_attachments, number, attachment)?.LetGo(),
        });
    }

    /// <summary>Gives an attachment the memory.</summary>
    /// <exception cref="HeapException">Refused before the heap is asked; the reply is not told. So with the others.</exception>
    public void Map(ulong number, DataDirection direction, IOpReply reply)
    {
        ConstraintCheck.ThrowIfNonsense(direction);
        var attachment = Find(_attachments, number, "attachment");
        attachment.Record.Turn.Post(new OpCall(attachment.Record, reply, call =>
        {
            ThrowIfClosed();
            var given = attachment.Given ?? throw NotThere("attachment", number);
            if (attachment.Mapped is not null) throw new HeapException(HeapErrno.Busy, HeapCause.AlreadyMapped, $"attachment {number} is mapped already: unmap it first");
            if (attachment.Direction != DataDirection.Bidirectional && direction != attachment.Direction)
            {
                throw new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"attachment {number} was made for {attachment.Direction} and is mapped for {direction}");
            }

            return Logged(call, nameof(HeapBuffer.Map), given.ImporterExecutable, () => Map(call, attachment, given, direction));
        }));
    }

    /// <summary>Takes a mapping back.</summary>
    public void Unmap(ulong number, IOpReply reply)
    {
        var attachment = Find(_attachments, number, "attachment");
        attachment.Record.Turn.Post(new OpCall(attachment.Record, reply, call =>
        {
            if (attachment.Given is null) throw NotThere("attachment", number);
            if (attachment.Mapped is null) throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, $"attachment {number} is not mapped");
            Unmap(call, attachment);
            return null;
        }));
    }

    /// <summary>Ends an attachment, and its mapping before it.</summary>
    public void Detach(ulong number, IOpReply reply)
    {
        var attachment = Take(_attachments, number, "attachment");
        attachment.Record.Turn.Post(new OpCall(attachment.Record, reply, call =>
        {
            if (attachment.Given is null) throw NotThere("attachment", number);
            Detach(call, attachment);
            return null;
        })
        {
            WhenGivenUp = attachment.LetGo,
        });
    }

    /// <summary>Gives the whole buffer as one range for a CPU. The descriptor is kept, as an attachment's is.</summary>
    public void Vmap(ulong number, BufferRecord record, SafeFileHandle shown, IOpReply reply)
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
        record.Turn.Post(new OpCall(record, reply, call =>
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
        })
        {
            WhenGivenUp = () => Remove(_mappings, number, mapping)?.LetGo(),
        });
    }

    /// <summary>Takes back what a vmap gave.</summary>
    public void Vunmap(ulong number, IOpReply reply)
    {
        var mapping = Take(_mappings, number, "vmap");
        mapping.Record.Turn.Post(new OpCall(mapping.Record, reply, call =>
        {
            if (mapping.Mapped is null) throw NotThere("vmap", number);
            Vunmap(call, mapping);
            return null;
        })
        {
            WhenGivenUp = mapping.LetGo,
        });
    }

    /// <summary>Begins CPU access to a buffer that has hooks for it.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">Kept until the hook has returned, so that the buffer is not released under it, and closed in any case.</param>
    /// <param name="direction">What the CPU does.</param>
    /// <param name="reply">Told of the outcome.</param>
    public void BeginCpuAccess(BufferRecord record, SafeFileHandle shown, DataDirection direction, IOpReply reply) =>
        record.Turn.Post(new OpCall(record, reply, call =>
        {
            using (shown)
            {
                call.Shown = shown;
                var open = CpuAccessTo(record); // should the importer go meanwhile, its undoing finds it
                try
                {
                    open.Begin(call, direction, caller);
                }
                finally
                {
                    ForgetEnded(record, open);
                }

                return null;
            }
        })
        {
            WhenGivenUp = shown.Dispose,
        });

    /// <summary>Ends CPU access that this importer began.</summary>
    /// <inheritdoc cref="BeginCpuAccess" path="/param"/>
    public void EndCpuAccess(BufferRecord record, SafeFileHandle shown, DataDirection direction, IOpReply reply) =>
        record.Turn.Post(new OpCall(record, reply, call =>
        {
            using (shown)
            {
                OpenCpuAccesses? open;
                lock (_lock) _cpuAccess.TryGetValue(record, out open);
                call.Shown = shown;
                try
                {
                    if (open is not null && open.TryEnd(call, direction, caller)) return null;
                }
                finally
                {
                    if (open is not null) ForgetEnded(record, open);
                }

                throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, "CPU access is ended that this importer did not begin, or began in another direction");
            }
        })
        {
            WhenGivenUp = shown.Dispose,
        });

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
            HostLog.ImporterRefused(log, caller.UserId, caller.ProcessId, executableName.Length == 0 ? "unknown" : executableName, op, call.Record.Sequence,
                call.Record.Heap.Name, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);
            throw;
        }
    }
}
