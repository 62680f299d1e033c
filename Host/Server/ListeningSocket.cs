using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// The socket file a host listens on. A lock file beside it says whether its host lives, so that a dead one's file is taken over and a living one's is not.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    private const int Backlog = 1024;

    private readonly string _path;
    private readonly SafeFileHandle _lock;
    private SafeFileHandle _reserve;

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
        var lockFile = File.OpenHandle(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            if (FileLock.TryLockExclusive(lockFile) != Errno.None) throw new SocketInUseException(path, "another host is listening there");
            if (File.Exists(path) && !IsSocket(path)) throw new SocketInUseException(path, "a file that is no socket is there");
            FileNames.TryUnlink(path);
            return new ListeningSocket(path, lockFile, SeqpacketSocket.Listen(path, mode, Backlog, nonBlocking: true));
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    public Errno TryAccept(out SafeFileHandle connection) => SeqpacketSocket.TryAccept(Handle, nonBlocking: true, out connection);

    /// <summary>Lets one waiting client in with the descriptor kept in reserve, only to tell it that there is no room.</summary>
    public void TurnAway(ReadOnlySpan<byte> reply)
    {
        _reserve.Dispose();
        if (TryAccept(out var connection) == Errno.None) SocketMessages.TrySend(connection, reply, MessageFlags.DontWait);
        connection.Dispose();
        _reserve = OpenReserve();
    }

    public void Dispose()
    {
        FileNames.TryUnlink(_path);
        FileNames.TryUnlink(_path + ".lock");
        Handle.Dispose();
        _reserve.Dispose();
        _lock.Dispose();
    }

    private static SafeFileHandle OpenReserve() => File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    private static bool IsSocket(string path)
    {
        using var probe = new SafeFileHandle();
        return SeqpacketSocket.IsSocketFile(path);
    }

    private static void CreateDirectory(string directory, UnixFileMode socketMode)
    {
        const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Everybodys = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (Directory.Exists(directory)) return;
        Directory.CreateDirectory(directory, (socketMode & UnixFileMode.OtherWrite) != 0 ? Ours | Everybodys : Ours);
    }
}
