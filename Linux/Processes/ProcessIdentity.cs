using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Who this process is.</summary>
public static unsafe partial class ProcessIdentity
{
    /// <summary>The real user.</summary>
    public static uint UserId => getuid();

    /// <summary>The effective user.</summary>
    public static uint EffectiveUserId => geteuid();

    /// <summary>The real group.</summary>
    public static uint GroupId => getgid();

    /// <summary>The process that started this one, or who took its place.</summary>
    public static int ParentProcessId => getppid();

    /// <summary>The supplementary groups.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static uint[] GetGroups()
    {
        while (true)
        {
            var count = getgroups(0, null);
            ErrnoGuard.Of(count).ThrowIfFailed("getgroups");
            var groups = new uint[count];
            if (count == 0) return groups;
            fixed (uint* pointer = groups) count = getgroups(groups.Length, pointer);
            var errno = ErrnoGuard.Of(count);
            if (errno == Errno.EINVAL) continue; // there are more than a moment ago
            errno.ThrowIfFailed("getgroups");
            return groups[..count];
        }
    }

    [LibraryImport("libc")]
    private static partial int getppid();

    [LibraryImport("libc")]
    private static partial uint getuid();

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint getgid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getgroups(int size, uint* groups);
}
