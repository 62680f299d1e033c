using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Turns the results of imports into <see cref="Errno"/>.</summary>
static class ErrnoGuard
{
    /// <summary>The errno of the import called last on this thread (imports here set SetLastError).</summary>
    public static Errno Last => (Errno)Marshal.GetLastPInvokeError();

    public static Errno Of(long result) => result < 0 ? Last : Errno.None;
}
