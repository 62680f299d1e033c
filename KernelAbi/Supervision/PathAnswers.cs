using System.Buffers.Binary;
using System.Globalization;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// Answers calls that name /dev/dma_heap, or something in it, or /dev/udmabuf, as if they were there; all others pass. What a program may change in its memory between our look and the
/// kernel's is its own affair: nothing is kept from it here.
/// </summary>
/// <param name="directory">Where they are carried out.</param>
/// <param name="listener">Where the calls come from.</param>
/// <param name="ensureListener">Has another thread listen: called before links are followed, for which a file system may have to be asked that a supervised program itself serves.</param>
internal sealed class PathAnswers(ImitatedDirectory directory, SeccompListener listener, Action ensureListener)
{
    private const int NoFollow = 0x100;

    // More than a page is E2BIG, as is anything but zeros behind what the kernel knows: this is more than that.
    private const ulong MostHow = 4097;
    private const string Own = "/proc/self/";

    private static readonly string[] s_roots = ["/proc/self/root/", "/proc/thread-self/root/"];

    private readonly bool _kernelHasOne = Directory.Exists(HeapDirectory.Path);

    public CallResult Answer(CallKind kind, in SeccompNotification call, SeccompCaller caller)
    {
        var hasDirectory = kind is CallKind.OpenAt or CallKind.OpenAt2 or CallKind.StatAt or CallKind.Statx or CallKind.AccessAt or CallKind.AccessAt2
            or CallKind.ReadLinkAt;
        var name = CallerPath.Read(caller, hasDirectory ? call.Argument1 : call.Argument0);
        if (string.IsNullOrEmpty(name)) return CallResult.PassThrough;
        if (Complete(name, hasDirectory ? (int)call.Argument0 : PathCalls.WorkingDirectory, call.ThreadId) is not { } full) return CallResult.PassThrough;
        var isNamed = name.Contains("dma_heap", StringComparison.Ordinal) || name.Contains("udmabuf", StringComparison.Ordinal);
        string path;
        if (!(isNamed && TryLocate(full, out path)) && !TryFollow(full, PathLinksOf.Call(kind, in call, caller), out path)) return CallResult.PassThrough;
        return kind switch
        {
            CallKind.Open => Open(path, (int)call.Argument1, call.Id),
            CallKind.OpenAt => Open(path, (int)call.Argument2, call.Id),
            CallKind.OpenAt2 => OpenAt2(path, call.Argument2, call.Argument3, call.Id, caller),
            CallKind.Stat => Stat(path, 0, call.Argument1, call.Architecture, caller),
            CallKind.LStat => Stat(path, NoFollow, call.Argument1, call.Architecture, caller),
            CallKind.StatAt => Stat(path, (int)call.Argument3, call.Argument2, call.Architecture, caller),
            CallKind.Statx => Statx(path, (int)call.Argument2, (uint)call.Argument3, call.Argument4, caller),
            CallKind.Access => Outcome(PathCalls.TryAccess(path, (int)call.Argument1)),
            CallKind.AccessAt => Outcome(PathCalls.TryAccess(path, (int)call.Argument2)),
            CallKind.AccessAt2 => Outcome(PathCalls.TryAccess(path, (int)call.Argument2, (int)call.Argument3)),
            CallKind.Attributes => Attributes(path),
            _ => Outcome(PathCalls.TryReadLink(path, out _)), // nothing in there is a link
        };
    }

    /// <summary>The path from the root on; null where nobody can say.</summary>
    private static string? Complete(string name, int directoryDescriptor, int threadId)
    {
        var full = name;
        if (!name.StartsWith('/'))
        {
            var link = directoryDescriptor == PathCalls.WorkingDirectory ? "cwd" : string.Create(CultureInfo.InvariantCulture, $"fd/{directoryDescriptor}");
            var errno = PathCalls.TryReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{threadId}/{link}"), out var start);
            if (errno != Errno.None || !start.StartsWith('/')) return null;
            full = start + "/" + name;
        }

        foreach (var root in s_roots)
        {
            if (full.StartsWith(root, StringComparison.Ordinal)) full = full[(root.Length - 1)..];
        }

        return full.StartsWith(Own, StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"/proc/{threadId}/{full.AsSpan(Own.Length)}") : full;
    }

    /// <summary>Whether symbolic links elsewhere lead to the directory. What the kernel finds by itself, and remembers, is quickly told to be something else.</summary>
    private bool TryFollow(string full, PathLinks links, out string path)
    {
        path = "";
        if (links == PathLinks.None) return false;
        if (!_kernelHasOne && PathCalls.TryFindRemembered(full, links == PathLinks.All) is not (Errno.ENOENT or Errno.EAGAIN)) return false;
        ensureListener();
        return LinkWalk.Follow(full, links == PathLinks.All) is { } end && TryLocate(end, out path);
    }

    private bool TryLocate(string full, out string path)
    {
        path = "";
        // A slash at the end says that a directory is meant, and is kept.
        var plain = Path.GetFullPath(full);
        if (plain == UdmabufNode.Path && directory.Udmabuf is { } udmabuf)
        {
            path = udmabuf;
            return true;
        }

        if (!plain.StartsWith(HeapDirectory.Path, StringComparison.Ordinal))
        {
            // Out again by "..": the kernel would not find the way in.
            path = plain;
            return full.Contains(HeapDirectory.Path + "/", StringComparison.Ordinal);
        }

        var rest = plain[HeapDirectory.Path.Length..];
        if (rest.Length > 0 && rest[0] != '/') return false;
        if (directory.Locate(rest) is not { } located) return false;
        path = located;
        return true;
    }

    private CallResult Open(string path, int flags, ulong id)
    {
        var errno = (flags & PathCalls.PathOnly) == 0 ? PathCalls.TryOpen(path, flags, out var file) : PathStandIn.TryOpen(path, flags, out file);
        using (file) return Give(errno, file, flags, id);
    }

    // The kernel judges the struct, whatever its size: its flags, and what the way may not lead through.
    private CallResult OpenAt2(string path, ulong address, ulong size, ulong id, SeccompCaller caller)
    {
        Span<byte> how = stackalloc byte[(int)Math.Min(size, MostHow)];
        var errno = caller.Read(address, how);
        if (errno != Errno.None) return CallResult.Fail(errno);
        errno = PathCalls.TryOpen(path, how, out var file);
        using (file)
        {
            if (errno != Errno.None) return CallResult.Fail(errno);
            var flags = (int)BinaryPrimitives.ReadUInt64LittleEndian(how);
            return (flags & PathCalls.PathOnly) == 0 ? Give(errno, file, flags, id) : Open(path, flags, id);
        }
    }

    private CallResult Give(Errno errno, SafeFileHandle file, int flags, ulong id)
    {
        if (errno != Errno.None) return CallResult.Fail(errno);
        errno = listener.TryAddDescriptor(id, file, (flags & PathCalls.CloseOnExec) != 0, out _, answers: true);
        return errno is Errno.None or Errno.ENOENT ? CallResult.Over : CallResult.Fail(errno);
    }

    private static CallResult Stat(string path, int flags, ulong address, AuditArchitecture architecture, SeccompCaller caller)
    {
        Span<byte> status = stackalloc byte[PathCalls.StatxSize];
        Errno errno;
        int length;
        if (architecture is AuditArchitecture.X64 or AuditArchitecture.Arm64)
        {
            errno = PathCalls.TryStat(path, flags, status);
            length = PathCalls.StatSize;
        }
        else
        {
            errno = FileStatus.TryGet(path, out var known);
            length = Stat64.Write(in known, architecture, status);
        }

        if (errno == Errno.None) errno = caller.Write(address, status[..length]);
        return Outcome(errno);
    }

    private static CallResult Statx(string path, int flags, uint mask, ulong address, SeccompCaller caller)
    {
        Span<byte> status = stackalloc byte[PathCalls.StatxSize];
        var errno = PathCalls.TryStatx(path, flags, mask, status);
        if (errno == Errno.None) errno = caller.Write(address, status);
        return Outcome(errno);
    }

    private static CallResult Attributes(string path)
    {
        const int Exists = 0;
        var errno = PathCalls.TryAccess(path, Exists);
        return CallResult.Fail(errno == Errno.None ? Errno.EOPNOTSUPP : errno);
    }

    private static CallResult Outcome(Errno errno) => errno == Errno.None ? CallResult.Return(0) : CallResult.Fail(errno);
}
