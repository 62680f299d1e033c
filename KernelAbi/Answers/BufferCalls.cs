using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>Ioctls on a buffer, as dma_buf_ioctl answers them for one without fences. The whole number counts: one with another size or direction is unknown.</summary>
internal sealed class BufferCalls(IHeapBackend backend, ISyncFileSource syncFiles, IRefusalLog refusals)
{
    public KernelAnswer Answer(in BufferFacts facts, IoctlNumber number, ulong argument, ICaller caller) => number.Value switch
    {
        KnownIoctls.Sync => Sync(in facts, argument, caller),
        KnownIoctls.SetNameA or KnownIoctls.SetNameB => SetName(in facts, argument, caller),
        KnownIoctls.ExportSyncFile => ExportSyncFile(argument, caller),
        KnownIoctls.ImportSyncFile => ImportSyncFile(argument, caller),
        _ => Refusals("ioctl", caller).RefuseUnknown(Errno.ENOTTY, number, "a buffer has no ioctl of that number, size and direction"),
    };

    private KernelAnswer Sync(in BufferFacts facts, ulong address, ICaller caller)
    {
        var refusal = Refusals("DMA_BUF_IOCTL_SYNC", caller);
        ulong flags = 0;
        var read = caller.Peek(address, MemoryMarshal.AsBytes(new Span<ulong>(ref flags)));
        var isValid = read == Errno.None && SyncFlags.AreValidForSync(flags);

        // A buffer without hooks has nobody to tell. Nothing comes of the call but its answer, which a caller that is gone does not get: that is the kernel's to see, and a system call saved.
        if (isValid && (facts.Traits & BufferTraits.CpuAccessHooks) == 0) return KernelAnswer.Return(Errno.None);
        if (!caller.IsWaiting) return KernelAnswer.Drop;
        if (read != Errno.None) return refusal.RefuseForCaller(read);
        if (!isValid) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadFlags, "the flags of SYNC are READ or WRITE or both, with or without END");
        return OnTarget(caller, refusal, (backend, Change: (CpuAccessChange)flags, caller.Identity),
            static (target, call) => call.backend.CpuAccess(target, call.Change, call.Identity));
    }

    private KernelAnswer SetName(in BufferFacts facts, ulong address, ICaller caller)
    {
        var refusal = Refusals("DMA_BUF_SET_NAME", caller);
        Span<byte> bytes = stackalloc byte[CallerText.MostBytes];
        var read = CallerText.Read(caller, address, bytes, out var length);
        if (read == Errno.EINVAL) return refusal.Refuse(read, RefusalCause.BadName, "a buffer's name has at most 31 characters");
        if (read != Errno.None) return refusal.RefuseForCaller(read);
        if ((facts.Traits & BufferTraits.OfProgram) != 0) return KernelAnswer.Return(Errno.None); // nobody lists it
        return OnTarget(caller, refusal, (backend, Name: CallerText.ToName(bytes[..length])),
            static (target, call) => call.backend.SetName(target, call.Name));
    }

    private KernelAnswer ExportSyncFile(ulong address, ICaller caller)
    {
        var refusal = Refusals("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", caller);
        var read = Read<SyncFileData>(address, caller, out var data);
        if (read != Errno.None) return refusal.RefuseForCaller(read);
        if (!SyncFlags.AreValidForSyncFile(data.Flags)) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadFlags, "the flags are READ or WRITE or both");
        var made = syncFiles.TryCreate(out var file);
        if (made != Errno.None || file is null)
        {
            return refusal.Refuse(made == Errno.None ? Errno.ENOTTY : made, RefusalCause.NoSyncFiles, "a sync file can only come from a kernel that has them, and this one gives none");
        }

        using (file)
        {
            var given = DescriptorHandover.Give(
                caller, file, closeOnExec: true, address, MemoryMarshal.AsBytes(new ReadOnlySpan<SyncFileData>(in data)), SyncFileData.DescriptorOffset);
            return given == Errno.None ? KernelAnswer.Return(Errno.None) : refusal.RefuseForCaller(given);
        }
    }

    private KernelAnswer ImportSyncFile(ulong address, ICaller caller)
    {
        var refusal = Refusals("DMA_BUF_IOCTL_IMPORT_SYNC_FILE", caller);
        var read = Read<SyncFileData>(address, caller, out var data);
        if (read != Errno.None) return refusal.RefuseForCaller(read);
        if (!SyncFlags.AreValidForSyncFile(data.Flags)) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadFlags, "the flags are READ or WRITE or both");
        return caller.InspectSyncFile(data.Descriptor) switch
        {
            // A fence that has signalled is one that nobody waits for: a buffer with it is a buffer without fences.
            SyncFileState.Signalled => KernelAnswer.Return(Errno.None),
            SyncFileState.Pending => refusal.Refuse(Errno.ENOTTY, RefusalCause.NoSyncFiles, "a buffer of ours cannot hold a fence that has not signalled"),
            _ => refusal.Refuse(Errno.EINVAL, RefusalCause.BadRequest, "the descriptor given is no sync file"),
        };
    }

    private static KernelAnswer OnTarget<TCall>(ICaller caller, CallRefusals refusal, TCall call, Func<SafeFileHandle, TCall, BackendAnswer> carryOut)
    {
        var taken = caller.TakeTarget(out var target);
        if (taken != Errno.None) return refusal.RefuseForCaller(taken);
        using (target)
        {
            try
            {
                var answer = carryOut(target, call);
                return answer.IsDone ? KernelAnswer.Return(Errno.None) : refusal.Refuse(in answer);
            }
            catch (Exception exception)
            {
                return refusal.RefuseFaulty(exception);
            }
        }
    }

    private static Errno Read<T>(ulong address, ICaller caller, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        return caller.Read(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    private CallRefusals Refusals(string call, ICaller caller) => new(refusals, call, "", caller);
}
