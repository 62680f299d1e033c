using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Which symbolic links a call follows on its way.</summary>
internal enum PathLinks
{
    /// <summary>None, or it is not known.</summary>
    None,

    /// <summary>All but one at the end.</summary>
    Inner,

    /// <summary>All.</summary>
    All,
}

/// <summary>Reads it off a call's kind and flags.</summary>
internal static class PathLinksOf
{
    private const ulong NoFollowAt = 0x100, CreateNew = 0x40 | 0x80;
    private const int HowSize = 3;

    public static PathLinks Call(CallKind kind, in SeccompNotification call, SeccompCaller caller) => kind switch
    {
        CallKind.Open => Opening(call.Argument1),
        CallKind.OpenAt => Opening(call.Argument2),
        CallKind.OpenAt2 => Opening(call.Argument2, caller),
        CallKind.Stat or CallKind.Access or CallKind.AccessAt => PathLinks.All,
        CallKind.StatAt or CallKind.AccessAt2 => Unless((call.Argument3 & NoFollowAt) != 0),
        CallKind.Statx => Unless((call.Argument2 & NoFollowAt) != 0),
        CallKind.LStat or CallKind.ReadLink or CallKind.ReadLinkAt => PathLinks.Inner,
        _ => PathLinks.None,
    };

    private static PathLinks Opening(ulong flags) => Unless((flags & PathCalls.NoFollow) != 0 || (flags & CreateNew) == CreateNew);

    // struct open_how: flags, mode, and what the way may not lead through. With that the kernel itself says where it ends.
    private static PathLinks Opening(ulong address, SeccompCaller caller)
    {
        Span<ulong> how = stackalloc ulong[HowSize];
        return caller.Read(address, MemoryMarshal.AsBytes(how)) == Errno.None && how[2] == 0 ? Opening(how[0]) : PathLinks.None;
    }

    private static PathLinks Unless(bool stops) => stops ? PathLinks.Inner : PathLinks.All;
}
