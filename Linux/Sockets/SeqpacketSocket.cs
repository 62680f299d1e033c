using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Unix sockets that keep message boundaries (AF_UNIX, SOCK_SEQPACKET). Every descriptor made here is closed by exec.
/// Thread-safe; the caller owns the handles returned.</summary>
public static unsafe partial class SeqpacketSocket
{
    internal const int Unix = 1;
    internal const int Seqpacket = 5;
    internal const int CloseOnExec = 0x80000;
    internal const int NonBlock = 0x800;

    /// <summary>Listens on a socket file with exactly the permission bits given. At no moment has the file more than those.</summary>
    /// <param name="path">The file, which must not exist; see <see cref="UnixAddress.MaxPathLength"/>. Its directory is the caller's: nobody
    /// else may rename in it.</param>
    /// <param name="mode">Its permission bits; connecting needs the right to write.</param>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <param name="nonBlocking">Whether accepting never waits.</param>
    /// <exception cref="LinuxException">EADDRINUSE (the file exists), ENAMETOOLONG, ENOENT, EACCES, EROFS.</exception>
    public static SafeFileHandle Listen(string path, UnixFileMode mode, int backlog, bool nonBlocking = false)
    {
        var listener = Create(nonBlocking);
        try
        {
            // bind gives the file the socket inode's mode, less the umask. The umask is the whole process's, so it is left alone: the
            // mode is narrowed before the file exists, and what the umask took away is added after.
            FilePermissions.TrySet(listener, mode).ThrowIfFailed("fchmod", listener);
            Bind(listener, path).ThrowIfFailed("bind", path);
            RestoreMode(path, mode);
            using var fd = new BorrowedDescriptor(listener);
            ErrnoGuard.Of(listen(fd.Number, backlog)).ThrowIfFailed("listen", path);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Accepts a connection.</summary>
    /// <param name="listener">A listening socket.</param>
    /// <param name="nonBlocking">Whether the connection never waits.</param>
    /// <param name="connection">The caller's to dispose; invalid on failure.</param>
    /// <returns>EAGAIN (none waits), EMFILE or ENFILE (the connection keeps waiting), ECONNABORTED, EINVAL (it was shut down).</returns>
    public static Errno TryAccept(SafeFileHandle listener, bool nonBlocking, out SafeFileHandle connection)
    {
        using var fd = new BorrowedDescriptor(listener);
        int result;
        Errno errno;
        do
        {
            result = accept4(fd.Number, null, null, CloseOnExec | (nonBlocking ? NonBlock : 0));
            errno = ErrnoGuard.Of(result);
        }
        while (errno == Errno.EINTR);
        connection = new SafeFileHandle(result, ownsHandle: true);
        return errno;
    }

    /// <summary>Connects to a socket file; waits while its backlog is full.</summary>
    /// <param name="path">The file.</param>
    /// <param name="connection">The caller's to dispose; invalid on failure. It blocks.</param>
    /// <returns>ENOENT, ECONNREFUSED (nobody listens), EACCES, EPROTOTYPE (another kind of socket), ENAMETOOLONG.</returns>
    public static Errno TryConnect(string path, out SafeFileHandle connection) => TryConnect(path, nonBlocking: false, out connection);

    /// <summary>Connects to a socket file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="nonBlocking">Whether neither this nor the connection ever waits.</param>
    /// <param name="connection">The caller's to dispose; invalid on failure.</param>
    /// <returns>As the other, and EAGAIN (its backlog is full).</returns>
    public static Errno TryConnect(string path, bool nonBlocking, out SafeFileHandle connection)
    {
        if (!UnixAddress.TryCreate(path, out var address))
        {
            connection = new SafeFileHandle();
            return Errno.ENAMETOOLONG;
        }

        connection = Create(nonBlocking);
        using var fd = new BorrowedDescriptor(connection);
        Errno errno;
        do errno = ErrnoGuard.Of(connect(fd.Number, &address, address.Length));
        while (errno == Errno.EINTR); // a unix socket that was interrupted has not begun to connect
        if (errno != Errno.None) connection.Dispose();
        return errno;
    }

    /// <summary>Two sockets connected with each other.</summary>
    /// <param name="nonBlocking">Whether both never wait.</param>
    /// <exception cref="LinuxException">EMFILE, ENFILE.</exception>
    public static (SafeFileHandle First, SafeFileHandle Second) CreatePair(bool nonBlocking = false)
    {
        var pair = stackalloc int[2];
        ErrnoGuard.Of(socketpair(Unix, Kind(nonBlocking), 0, pair)).ThrowIfFailed("socketpair");
        return (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    /// <summary>Shuts both directions, which wakes whoever waits on either end.</summary>
    /// <param name="socket">A connected or listening socket.</param>
    /// <returns>ENOTCONN.</returns>
    public static Errno TryShutdown(SafeFileHandle socket)
    {
        using var fd = new BorrowedDescriptor(socket);
        return ErrnoGuard.Of(shutdown(fd.Number, 2));
    }

    static SafeFileHandle Create(bool nonBlocking)
    {
        var fd = socket(Unix, Kind(nonBlocking), 0);
        ErrnoGuard.Of(fd).ThrowIfFailed("socket");
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    static int Kind(bool nonBlocking) => Seqpacket | CloseOnExec | (nonBlocking ? NonBlock : 0);

    static Errno Bind(SafeFileHandle listener, string path)
    {
        if (!UnixAddress.TryCreate(path, out var address)) return Errno.ENAMETOOLONG;
        using var fd = new BorrowedDescriptor(listener);
        return ErrnoGuard.Of(bind(fd.Number, &address, address.Length));
    }

    /// <summary>Goes by a descriptor of the file itself, so that a name swapped for a symbolic link changes nobody else's file.</summary>
    static void RestoreMode(string path, UnixFileMode mode)
    {
        int result;
        fixed (byte* pointer = CString.From(path)) result = open(pointer, OpenFlags.PathOnly | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0);
        ErrnoGuard.Of(result).ThrowIfFailed("open", path);
        using var file = new SafeFileHandle(result, ownsHandle: true);
        var status = FileStatus.Of(file);
        if (!status.IsSocket) Errno.EADDRINUSE.ThrowIfFailed("bind", path);
        if (status.Permissions == mode) return;
        Span<byte> link = stackalloc byte[CString.MaxDescriptorPath];
        CString.WriteDescriptorPath(result, link);
        fixed (byte* pointer = link) ErrnoGuard.Of(chmod(pointer, (uint)mode)).ThrowIfFailed("chmod", path);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int socket, UnixAddress* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int socket, void* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int socket, UnixAddress* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int chmod(byte* path, uint mode);
}
