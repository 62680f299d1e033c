using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>How much of a processor a thread leaves to others: its nice value, which Linux keeps for each thread. The runtime's own thread priorities change nothing there.</summary>
public static partial class ThreadNice
{
    internal const int OfProcess = 0;

    /// <summary>Sets the calling thread's, for good where it is raised: an ordinary user cannot lower it again.</summary>
    /// <param name="nice">From -20 to 19; the greater, the more it leaves to others.</param>
    /// <returns>EACCES where it would be lowered without the right to.</returns>
    public static Errno TrySet(int nice) => ErrnoGuard.Of(setpriority(OfProcess, 0, nice));

    /// <summary>The calling thread's. A value of -1 cannot be told from a failure, of which there is none here.</summary>
    public static int Current => getpriority(OfProcess, 0);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpriority(int which, uint who, int nice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getpriority(int which, uint who);
}
