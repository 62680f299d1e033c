using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Descriptors that stand for a place in the file system and for nothing else: O_PATH. Thread-safe.</summary>
public static unsafe partial class PathDescriptor
{
    /// <summary>Opens a place, without opening the file that is there.</summary>
    /// <param name="path">Its name; symbolic links are followed.</param>
    /// <param name="handle">Closed by exec; the caller's to dispose, and invalid on failure.</param>
    /// <returns>ENOENT, EACCES, EMFILE.</returns>
    public static Errno TryOpen(string path, out SafeFileHandle handle)
    {
        int result;
        fixed (byte* pointer = CString.From(path)) result = open(pointer, OpenFlags.PathOnly | OpenFlags.CloseOnExec, 0);
        handle = new SafeFileHandle(result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);
}
