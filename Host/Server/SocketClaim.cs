using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// A host's right to a socket path, taken before anything is started. A lock file beside the socket says whether its host lives, so that a dead one's socket is taken over and a
/// living one's is not.
/// </summary>
internal sealed class SocketClaim : ISocketPlace
{
    private const string LockSuffix = ".lock";
    private const int Backlog = 1024;
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly SafeFileHandle _lock;
    private readonly string? _madeDirectory;

    private SocketClaim(string path, SafeFileHandle lockFile, string? madeDirectory)
    {
        Path = path;
        _lock = lockFile;
        _madeDirectory = madeDirectory;
    }

    public string Path { get; }

    /// <exception cref="SocketInUseException">A living host has the path, something that is no socket is there, or its directory is not to be trusted.</exception>
    public static SocketClaim Take(string path)
    {
        var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var made = Directory.Exists(directory) ? null : directory;
        if (made is not null) MakeDirectory(path, made);
        ThrowIfOthersOwn(path, directory);
        var lockFile = AcquireLock(path);
        try
        {
            RemoveDeadHostsSocket(path);
            return new SocketClaim(path, lockFile, made);
        }
        catch
        {
            FileNames.TryUnlink(path + LockSuffix);
            lockFile.Dispose();
            throw;
        }
    }

    public SafeFileHandle Listen(UnixFileMode mode)
    {
        Open(mode);
        return SeqpacketSocket.Listen(Path, mode, Backlog, nonBlocking: true);
    }

    public void ChangeMode(UnixFileMode mode) => File.SetUnixFileMode(Path, mode);

    /// <summary>Also refuses whoever connected and was not let in.</summary>
    public void Hide(SafeFileHandle listener)
    {
        FileNames.TryUnlink(Path);
        SeqpacketSocket.TryShutdown(listener);
    }

    // Lets those pass the directory who may connect, if it was made for this socket.
    private void Open(UnixFileMode socketMode)
    {
        const UnixFileMode Everybodys = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (_madeDirectory is not null && (socketMode & UnixFileMode.OtherWrite) != 0) File.SetUnixFileMode(_madeDirectory, Owners | Everybodys);
    }

    /// <summary>Gives the path up. The socket must be gone by then. A directory made for it goes too, unless there is something else in it.</summary>
    public void Dispose()
    {
        FileNames.TryUnlink(Path + LockSuffix);
        _lock.Dispose();
        if (_madeDirectory is not null) FileNames.TryRemoveDirectory(_madeDirectory);
    }

    // One level and no more: a path that was mistyped makes no tree.
    private static void MakeDirectory(string path, string directory)
    {
        var errno = FileNames.TryMakeDirectory(directory, Owners);
        if (errno is Errno.None or Errno.EEXIST) return;
        throw new SocketInUseException(path, $"its directory cannot be made: {errno.Describe()}");
    }

    // In a directory of somebody else, or one where anybody may rename, clients could be led to another socket. /tmp, with its sticky bit, is safe.
    private static void ThrowIfOthersOwn(string path, string directory)
    {
        if (FileStatus.TryGet(directory, out var status) != Errno.None) return;
        var us = ProcessIdentity.EffectiveUserId;
        if (status.UserId != us && status.UserId != 0) throw new SocketInUseException(path, $"its directory belongs to user {status.UserId}");
        const UnixFileMode OthersWrite = UnixFileMode.OtherWrite;
        if ((status.Permissions & OthersWrite) != 0 && (status.Permissions & UnixFileMode.StickyBit) == 0)
        {
            throw new SocketInUseException(path, "anybody may write in its directory");
        }
    }

    // A host that ends removes its lock file, so the one we locked may have lost its name in the meantime: then it guards nothing.
    private static SafeFileHandle AcquireLock(string path)
    {
        while (true)
        {
            var lockPath = path + LockSuffix;
            var errno = FileLock.TryAcquire(lockPath, UnixFileMode.UserRead | UnixFileMode.UserWrite, out var lockFile);
            if (errno == Errno.EAGAIN) throw new SocketInUseException(path, "another host is listening there");
            if (errno != Errno.None) throw new SocketInUseException(path, $"the lock file beside it cannot be opened: {errno.Describe()}");
            if (FileStatus.TryGet(lockPath, out var named) == Errno.None && named.Inode == FileStatus.Of(lockFile).Inode) return lockFile;
            lockFile.Dispose();
        }
    }

    // We hold the lock, so a host that made a socket there is gone. But a service manager's socket has no lock, and anything else is somebody's file.
    private static void RemoveDeadHostsSocket(string path)
    {
        if (FileStatus.TryGet(path, out var status) != Errno.None) return;
        if (!status.IsSocket) throw new SocketInUseException(path, "a file that is no socket is there");
        var errno = SeqpacketSocket.TryConnect(path, nonBlocking: true, out var connection);
        connection.Dispose();
        if (errno is not (Errno.ECONNREFUSED or Errno.ENOENT)) throw new SocketInUseException(path, "another program is listening there");
        FileNames.TryUnlink(path);
    }
}
