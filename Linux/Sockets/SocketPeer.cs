using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Who a peer was when it connected (or made the pair).</summary>
/// <param name="ProcessId">The process, in this process's pid namespace; 0 where it is not visible there. It may be gone and its number reused.</param>
/// <param name="UserId">The effective user.</param>
/// <param name="GroupId">The effective group.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);

/// <summary>Asks the kernel who is at the other end of a unix socket. Thread-safe.</summary>
public static unsafe partial class SocketPeer
{
    internal const int SocketLevel = 1;
    internal const int CredentialsOption = 17;
    internal const int GroupsOption = 59;
    internal const int PidfdOption = 77;

    /// <summary>SO_PEERCRED.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <exception cref="LinuxException">ENOTSOCK.</exception>
    public static PeerCredentials GetCredentials(SafeFileHandle socket)
    {
        using var fd = new BorrowedDescriptor(socket);
        PeerCredentials credentials;
        var length = (uint)sizeof(PeerCredentials);
        ErrnoGuard.Of(getsockopt(fd.Number, SocketLevel, CredentialsOption, &credentials, &length))
            .ThrowIfFailed("getsockopt(SO_PEERCRED)", socket);
        return credentials;
    }

    /// <summary>SO_PEERGROUPS: the supplementary groups, up to 65,536 of them.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <exception cref="LinuxException">ENOTSOCK, ENODATA (it has no peer).</exception>
    public static uint[] GetGroups(SafeFileHandle socket)
    {
        using var fd = new BorrowedDescriptor(socket);
        var groups = new uint[32];
        while (true)
        {
            var length = (uint)(groups.Length * sizeof(uint));
            Errno errno;
            fixed (uint* pointer = groups)
                errno = ErrnoGuard.Of(getsockopt(fd.Number, SocketLevel, GroupsOption, pointer, &length));
            if (errno != Errno.ERANGE)
            {
                errno.ThrowIfFailed("getsockopt(SO_PEERGROUPS)", socket);
                return groups[..(int)(length / sizeof(uint))];
            }

            groups = new uint[length / sizeof(uint)]; // the kernel says how much it needs
        }
    }

    /// <summary>SO_PEERPIDFD (6.5): a descriptor for the peer's process, which cannot come to mean another.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <param name="process">The caller's to dispose; null on failure.</param>
    /// <returns>ENOPROTOOPT where the kernel has no such option, ESRCH or EINVAL where the process has been reaped, ENODATA where there is no peer.</returns>
    public static Errno TryGetProcess(SafeFileHandle socket, out SafeFileHandle? process)
    {
        var errno = GetProcess(socket, out var pidfd);
        process = errno == Errno.None ? new SafeFileHandle(pidfd, ownsHandle: true) : null;
        return errno;
    }

    /// <summary>The same, and nothing managed is allocated.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <param name="process">Where the descriptor goes, empty until then, and after a failure.</param>
    /// <returns>As the other form.</returns>
    public static Errno TryGetProcess(SafeFileHandle socket, ReusableDescriptor process)
    {
        ArgumentNullException.ThrowIfNull(process);
        var errno = GetProcess(socket, out var pidfd);
        process.Fill(pidfd);
        return errno;
    }

    static Errno GetProcess(SafeFileHandle socket, out int pidfd)
    {
        const int None = -1;
        using var fd = new BorrowedDescriptor(socket);
        var number = None;
        var length = (uint)sizeof(int);
        var errno = ErrnoGuard.Of(getsockopt(fd.Number, SocketLevel, PidfdOption, &number, &length));
        pidfd = errno == Errno.None ? number : None;
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int socket, int level, int option, void* value, uint* length);
}
