using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>What kind of socket a descriptor is: SO_DOMAIN, SO_TYPE, SO_ACCEPTCONN, and its own address.</summary>
public readonly unsafe partial record struct SocketStatus
{
    internal const int SocketLevel = 1, TypeOption = 3, AcceptConnOption = 30, DomainOption = 39;

    /// <summary>Whether it is a Unix socket.</summary>
    public bool IsUnix { get; private init; }

    /// <summary>Whether it keeps message boundaries (SOCK_SEQPACKET).</summary>
    public bool IsSeqpacket { get; private init; }

    /// <summary>Whether it accepts connections.</summary>
    public bool IsListening { get; private init; }

    /// <summary>The path it is bound to; empty where it has none, or an abstract name.</summary>
    public string Path { get; private init; }

    /// <summary>Asks.</summary>
    /// <param name="descriptor">Any descriptor.</param>
    /// <param name="status">The answer.</param>
    /// <returns>ENOTSOCK, EBADF.</returns>
    public static Errno TryGet(SafeFileHandle descriptor, out SocketStatus status)
    {
        status = default;
        using var fd = new BorrowedDescriptor(descriptor);
        if (TryGet(fd.Number, DomainOption, out var domain) is var errno and not Errno.None) return errno;
        if ((errno = TryGet(fd.Number, TypeOption, out var type)) != Errno.None) return errno;
        if ((errno = TryGet(fd.Number, AcceptConnOption, out var listens)) != Errno.None) return errno;
        var isUnix = domain == SeqpacketSocket.Unix;
        status = new SocketStatus { IsUnix = isUnix, IsSeqpacket = type == SeqpacketSocket.Seqpacket, IsListening = listens != 0, Path = isUnix ? PathOf(fd.Number) : "" };
        return Errno.None;
    }

    static string PathOf(int socket)
    {
        var address = default(UnixAddress);
        var length = address.Length;
        if (ErrnoGuard.Of(getsockname(socket, &address, &length)) != Errno.None || length <= UnixAddress.PathOffset) return "";
        ReadOnlySpan<byte> path = address.Path;
        var end = path.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? path : path[..end]);
    }

    static Errno TryGet(int socket, int option, out int value)
    {
        var read = 0;
        uint length = sizeof(int);
        var errno = ErrnoGuard.Of(getsockopt(socket, SocketLevel, option, &read, &length));
        value = read;
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int socket, int level, int option, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(int socket, UnixAddress* address, uint* length);
}
