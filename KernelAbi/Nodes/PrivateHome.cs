using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>
/// A directory among the temporary files that goes with this process: when it is disposed or, where the process was killed, when the next one of the same user is made. Whose owner lives is
/// told by a lock on it.
/// </summary>
internal sealed class PrivateHome : IDisposable
{
    // Nobody takes one that is not locked yet for an abandoned one: it has another name until then.
    private const string Prefix = "dmaheap-exec-", Unfinished = "dmaheap-new-exec-";

    private readonly SafeFileHandle _lock;

    private PrivateHome(string path, SafeFileHandle held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <exception cref="IOException">There is no room for it.</exception>
    /// <exception cref="LinuxException">It cannot be locked.</exception>
    public static PrivateHome Make()
    {
        RemoveAbandoned();
        var made = Directory.CreateTempSubdirectory(Unfinished).FullName;
        TryLock(made, out var held).ThrowIfFailed("flock", made);
        var path = System.IO.Path.Join(System.IO.Path.GetDirectoryName(made), Prefix + System.IO.Path.GetFileName(made)[Unfinished.Length..]);
        Directory.Move(made, path);
        return new PrivateHome(path, held);
    }

    public void Dispose()
    {
        Remove(Path);
        _lock.Dispose();
    }

    private static void RemoveAbandoned()
    {
        foreach (var path in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var errno = TryLock(path, out var held);
            using (held)
            {
                if (errno == Errno.None && FileStatus.Of(held).UserId == ProcessIdentity.EffectiveUserId) Remove(path);
            }
        }
    }

    private static Errno TryLock(string path, out SafeFileHandle held)
    {
        var errno = PathCalls.TryOpen(path, (int)PathCalls.NoFollow, out held);
        return errno == Errno.None ? FileLock.TryLockExclusive(held) : errno;
    }

    private static void Remove(string path)
    {
        try
        {
            foreach (var part in Directory.EnumerateDirectories(path)) File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A program may do with its files what it likes, and another process may be at it too.
        }
    }
}
