using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>A resource that the kernel limits for each process.</summary>
public enum LimitedResource
{
    /// <summary>RLIMIT_CORE: bytes of a core file; 0 for none.</summary>
    CoreSize = 4,

    /// <summary>RLIMIT_NOFILE: one above the highest descriptor number.</summary>
    OpenFiles = 7,

    /// <summary>RLIMIT_MEMLOCK: bytes of locked memory; also mappings of secret memory.</summary>
    LockedMemory = 8,
}

/// <summary>A limit: what counts now, and how far an ordinary process may raise it.</summary>
/// <param name="Soft">What counts now; <see cref="Unlimited"/> for no limit.</param>
/// <param name="Hard">The most that <paramref name="Soft"/> can be raised to.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ResourceLimit(ulong Soft, ulong Hard)
{
    /// <summary>RLIM_INFINITY.</summary>
    public const ulong Unlimited = ulong.MaxValue;
}

/// <summary>Limits of this process: <c>getrlimit(2)</c>, <c>setrlimit(2)</c>. (The runtime raises the soft limit of open files at its start.)</summary>
public static unsafe partial class ResourceLimits
{
    /// <summary>Reads a limit.</summary>
    /// <param name="resource">Which.</param>
    /// <exception cref="LinuxException">EINVAL for a resource the kernel does not know.</exception>
    public static ResourceLimit Get(LimitedResource resource)
    {
        ResourceLimit limit;
        ErrnoGuard.Of(getrlimit((int)resource, &limit)).ThrowIfFailed("getrlimit", resource.ToString());
        return limit;
    }

    /// <summary>Sets a limit for the whole process.</summary>
    /// <param name="resource">Which.</param>
    /// <param name="limit">The new values.</param>
    /// <returns>EPERM (raising the hard limit needs a privilege), EINVAL (soft above hard).</returns>
    public static Errno TrySet(LimitedResource resource, ResourceLimit limit) => ErrnoGuard.Of(setrlimit((int)resource, &limit));

    /// <summary>Reads a limit of another process: <c>prlimit(2)</c>.</summary>
    /// <param name="processId">The process, or one of its threads.</param>
    /// <param name="resource">Which.</param>
    /// <param name="limit">The limit.</param>
    /// <returns>ESRCH, EPERM (another user's).</returns>
    public static Errno TryGet(int processId, LimitedResource resource, out ResourceLimit limit)
    {
        fixed (ResourceLimit* pointer = &limit) return ErrnoGuard.Of(prlimit(processId, (int)resource, null, pointer));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prlimit(int process, int resource, ResourceLimit* newLimit, ResourceLimit* oldLimit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, ResourceLimit* limit);
}
