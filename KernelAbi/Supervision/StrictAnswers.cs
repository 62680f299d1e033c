using System.Runtime.InteropServices;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>What the kernel answers of a dma-buf, or of a heap's node, where a memfd or a stand-in would answer otherwise. Calls on other descriptors pass.</summary>
/// <param name="targets">Says what a descriptor is.</param>
/// <param name="identities">Who callers are.</param>
/// <param name="nodesAreFiles">Whether the nodes are plain files, which are to look like devices.</param>
internal sealed class StrictAnswers(TargetResolver targets, CallerIdentities identities, bool nodesAreFiles) : IDisposable
{
    private const int SeekSet = 0, SeekEnd = 2;
    private const ulong MapAnonymous = 0x20, MapTypes = 0x3, MapPrivate = 0x2, ProtectWrite = 0x2, EmptyPath = 0x1000;
    private const int PagesOf32Bits = 12;

    private readonly ReadyDescriptors _ready = new(identities);

    public CallResult Answer(CallKind kind, in SeccompNotification call, SeccompCaller caller)
    {
        if (kind == CallKind.MMap && (call.Argument3 & MapAnonymous) != 0) return CallResult.PassThrough;
        if (kind is CallKind.StatAt && !NamesDescriptor(call.Argument1, call.Argument3, caller)) return CallResult.PassThrough;
        if (kind is CallKind.Statx && !NamesDescriptor(call.Argument1, call.Argument2, caller)) return CallResult.PassThrough;
        caller.Descriptor = (int)(kind switch { CallKind.MMap => call.Argument4, CallKind.EpollCtl => call.Argument2, _ => call.Argument0 });
        if (targets.TryResolve(call.ThreadId, caller.Descriptor, caller, out var target) != Errno.None) return CallResult.PassThrough;
        return target.Kind switch
        {
            // It is the program's own memfd as well, which shall stay one.
            CallTargetKind.Buffer when (target.Facts.Traits & BufferTraits.OfProgram) != 0 => CallResult.PassThrough,
            CallTargetKind.Buffer => OfBuffer(kind, target.Facts, in call, caller),
            CallTargetKind.Node => OfNode(kind, in call, caller),
            _ => CallResult.PassThrough,
        };
    }

    public void Dispose() => _ready.Dispose();

    private CallResult OfBuffer(CallKind kind, BufferFacts facts, in SeccompNotification call, SeccompCaller caller) => kind switch
    {
        CallKind.LSeek => Seek((long)call.Argument1, (int)call.Argument2, facts),
        CallKind.LongLSeek => LongSeek(in call, facts, caller),
        CallKind.Read => caller.MayRead() ? CallResult.Fail(Errno.EINVAL) : CallResult.PassThrough,
        CallKind.Write => caller.MayWrite() ? CallResult.Fail(Errno.EINVAL) : CallResult.PassThrough,
        CallKind.FTruncate => CallResult.Fail(Errno.EINVAL),
        CallKind.FAllocate => caller.MayWrite() ? CallResult.Fail(Errno.ENODEV) : CallResult.PassThrough,
        CallKind.MMap => Map(facts, in call, caller),
        CallKind.FStat => StatusAnswers.Stat(call.Argument1, call.Architecture, caller, StatusAnswers.Buffer),
        CallKind.StatAt => StatusAnswers.Stat(call.Argument2, call.Architecture, caller, StatusAnswers.Buffer),
        CallKind.Statx => StatusAnswers.Statx((uint)call.Argument3, call.Argument4, caller, StatusAnswers.Buffer),
        CallKind.EpollCtl => _ready.Control(in call, caller),
        _ => CallResult.PassThrough,
    };

    private CallResult OfNode(CallKind kind, in SeccompNotification call, SeccompCaller caller) => kind switch
    {
        CallKind.LSeek or CallKind.LongLSeek => CallResult.Fail(Errno.ESPIPE),
        CallKind.Read => caller.MayRead() ? CallResult.Fail(Errno.EINVAL) : CallResult.PassThrough,
        CallKind.Write => caller.MayWrite() ? CallResult.Fail(Errno.EINVAL) : CallResult.PassThrough,
        CallKind.FTruncate => CallResult.Fail(Errno.EINVAL),
        CallKind.FAllocate => caller.MayWrite() ? CallResult.Fail(Errno.ENODEV) : CallResult.PassThrough,
        CallKind.MMap => CallResult.Fail(Errno.ENODEV),
        CallKind.FStat when nodesAreFiles => StatusAnswers.Stat(call.Argument1, call.Architecture, caller, StatusAnswers.Node),
        CallKind.StatAt when nodesAreFiles => StatusAnswers.Stat(call.Argument2, call.Architecture, caller, StatusAnswers.Node),
        CallKind.Statx when nodesAreFiles => StatusAnswers.Statx((uint)call.Argument3, call.Argument4, caller, StatusAnswers.Node),
        _ => CallResult.PassThrough,
    };

    private static CallResult Seek(long offset, int from, BufferFacts facts) => (offset, from) switch
    {
        (0, SeekSet) => CallResult.Return(0),
        (0, SeekEnd) => CallResult.Return(facts.Length),
        _ => CallResult.Fail(Errno.EINVAL),
    };

    // _llseek(descriptor, upper half, lower half, where the result goes, from).
    private static CallResult LongSeek(in SeccompNotification call, BufferFacts facts, SeccompCaller caller)
    {
        var result = Seek((long)(call.Argument1 << 32 | (uint)call.Argument2), (int)call.Argument4, facts);
        if (result.End != CallEnd.Return) return result;
        var position = result.Value;
        var errno = caller.Write(call.Argument3, MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in position)));
        return errno == Errno.None ? CallResult.Return(0) : CallResult.Fail(errno);
    }

    // What a descriptor's mode forbids is EACCES before the exporter is asked, from a memfd too.
    private static CallResult Map(BufferFacts facts, in SeccompNotification call, SeccompCaller caller)
    {
        if ((facts.Traits & BufferTraits.Opaque) != 0) return CallResult.Fail(Errno.EINVAL);
        var is32Bits = call.Architecture is AuditArchitecture.I386 or AuditArchitecture.Arm;
        var offset = is32Bits ? call.Argument5 << PagesOf32Bits : call.Argument5;
        var isPrivate = (call.Argument3 & MapTypes) == MapPrivate;
        var isWritable = (call.Argument2 & ProtectWrite) != 0;
        var isInside = offset <= (ulong)facts.Length && call.Argument1 <= (ulong)facts.Length - offset;
        if (isInside && !(isPrivate && isWritable)) return CallResult.PassThrough;
        return caller.MayRead() && (isPrivate || !isWritable || caller.MayWrite()) ? CallResult.Fail(Errno.EINVAL) : CallResult.PassThrough;
    }

    private static bool NamesDescriptor(ulong path, ulong flags, SeccompCaller caller)
    {
        if ((flags & EmptyPath) == 0) return false;
        Span<byte> first = stackalloc byte[1];
        return path == 0 || (caller.Read(path, first) == Errno.None && first[0] == 0);
    }
}
