using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// The socket file a host listens on. A lock file beside it says whether its host lives, so that a dead one's file is taken over and a living one's is not.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    private const int Backlog = 1024;
    private const string LockSuffix = ".lock";

    private readonly string _path;
    private readonly SafeFileHandle _lock;
    private readonly Lock _turn = new();
    private SafeFileHandle? _reserve;

    private ListeningSocket(string path, SafeFileHandle lockFile, SafeFileHandle handle)
    {
        _path = path;
        _lock = lockFile;
        Handle = handle;
        _reserve = OpenReserve();
    }

    public SafeFileHandle Handle { get; }

    /// <exception cref="SocketInUseException">A living host has the path, or something that is no socket is there.</exception>
    public static ListeningSocket Open(string path, UnixFileMode mode)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } directory) CreateDirectory(directory, mode);
        var lockFile = AcquireLock(path);
        try
        {
            RemoveDeadHostsSocket(path);
            return new ListeningSocket(path, lockFile, SeqpacketSocket.Listen(path, mode, Backlog, nonBlocking: true));
        }
        catch
        {
            FileNames.TryUnlink(path + LockSuffix);
            lockFile.Dispose();
            throw;
        }
    }

    public Errno TryAccept(out SafeFileHandle connection) => SeqpacketSocket.TryAccept(Handle, nonBlocking: true, out connection);

    /// <summary>Lets one waiting client in with the descriptor kept in reserve, only to tell it that there is no room.</summary>
    /// <returns>False when nobody waits, or the descriptor set free for it went to somebody else.</returns>
    public bool TryTurnAway(ReadOnlySpan<byte> reply)
    {
        lock (_turn)
        {
            _reserve?.Dispose();
            var errno = TryAccept(out var connection);
            using (connection)
            {
                if (errno == Errno.None) FarewellMessage.Send(connection, reply);
            }

            _reserve = OpenReserve();
            return errno == Errno.None;
        }
    }

    /// <summary>Takes the name away and lets nobody in any more. Workers may still hold the socket.</summary>
    public void Hide()
    {
        FileNames.TryUnlink(_path);
        SeqpacketSocket.TryShutdown(Handle);
    }

    public void Dispose()
    {
        FileNames.TryUnlink(_path);
        FileNames.TryUnlink(_path + LockSuffix);
        Handle.Dispose();
        _reserve?.Dispose();
        _lock.Dispose();
    }

    // Null when another thread was quicker: the next time finds one, or does without.
    private static SafeFileHandle? OpenReserve()
    {
        try
        {
            return File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (IOException)
        {
            return null;
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

    // We hold the lock, so whoever made a socket there is gone. Anything else is somebody's file.
    private static void RemoveDeadHostsSocket(string path)
    {
        if (FileStatus.TryGet(path, out var status) != Errno.None) return;
        if (!status.IsSocket) throw new SocketInUseException(path, "a file that is no socket is there");
        FileNames.TryUnlink(path);
    }

    private static void CreateDirectory(string directory, UnixFileMode socketMode)
    {
        const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Everybodys = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (Directory.Exists(directory)) return;
        Directory.CreateDirectory(directory, (socketMode & UnixFileMode.OtherWrite) != 0 ? Ours | Everybodys : Ours);
    }
}
