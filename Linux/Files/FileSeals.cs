using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>What nobody can do any more to a sealed memfd.</summary>
[Flags]
public enum Seals
{
    /// <summary>Nothing is sealed.</summary>
    None = 0,

    /// <summary>F_SEAL_SEAL: add seals.</summary>
    Seal = 0x1,

    /// <summary>F_SEAL_SHRINK: make the file shorter.</summary>
    Shrink = 0x2,

    /// <summary>F_SEAL_GROW: make the file longer.</summary>
    Grow = 0x4,

    /// <summary>F_SEAL_WRITE: write to it, by any way.</summary>
    Write = 0x8,

    /// <summary>F_SEAL_FUTURE_WRITE: write to it, but by mappings there are already.</summary>
    FutureWrite = 0x10,

    /// <summary>F_SEAL_EXEC: change its executable bits. Set by <see cref="MemfdFlags.NoExecSeal"/>.</summary>
    Exec = 0x20,
}

/// <summary>Seals of a memfd: <c>F_ADD_SEALS</c> and <c>F_GET_SEALS</c>. Thread-safe.</summary>
public static partial class FileSeals
{
    internal const int AddCommand = 1033;
    internal const int GetCommand = 1034;

    /// <summary>Adds seals; they cannot be taken back.</summary>
    /// <param name="memfd">A memfd open for writing.</param>
    /// <param name="seals">The seals to add.</param>
    /// <exception cref="LinuxException">EPERM (sealed against it, or read-only), EBUSY (Write, while writable mappings live), EINVAL (no memfd).</exception>
    public static void Add(SafeHandle memfd, Seals seals)
    {
        using var fd = new BorrowedDescriptor(memfd);
        ErrnoGuard.Of(fcntl(fd.Number, AddCommand, (nint)(int)seals)).ThrowIfFailed("fcntl(F_ADD_SEALS)", memfd);
    }

    /// <summary>The seals of a file.</summary>
    /// <param name="file">Any file.</param>
    /// <param name="seals">Its seals; on failure none.</param>
    /// <returns>EINVAL for a file that cannot have seals, which is no memfd.</returns>
    public static Errno TryGet(SafeHandle file, out Seals seals)
    {
        using var fd = new BorrowedDescriptor(file);
        var result = fcntl(fd.Number, GetCommand, 0);
        seals = result < 0 ? Seals.None : (Seals)result;
        return ErrnoGuard.Of(result);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}
