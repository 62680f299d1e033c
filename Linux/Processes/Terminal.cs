using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>This process's controlling terminal.</summary>
public static unsafe partial class Terminal
{
    internal const nuint GetForegroundGroup = 0x540F;

    const int StandardDescriptors = 3;

    /// <summary>Whether what is typed there (Ctrl-C, Ctrl-Z) is a signal to this process and to all of its group. False where no standard stream is a terminal.</summary>
    public static bool IsForeground
    {
        get
        {
            for (var descriptor = 0; descriptor < StandardDescriptors; descriptor++)
            {
                int group;
                if (ioctl(descriptor, GetForegroundGroup, &group) == 0) return group == getpgrp();
            }

            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial int ioctl(int fd, nuint request, int* argument);

    [LibraryImport("libc")]
    private static partial int getpgrp();
}
