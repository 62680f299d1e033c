using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Memory of another process: <c>process_vm_readv(2)</c> and <c>process_vm_writev(2)</c>, which honour the pages' own protection. (/proc/PID/mem
/// writes through read-only pages.) Thread-safe.</summary>
public static unsafe partial class ForeignMemory
{
    /// <summary>Reads.</summary>
    /// <param name="threadId">A thread of the process.</param>
    /// <param name="address">Where, in that process.</param>
    /// <param name="bytes">Receives it.</param>
    /// <param name="read">How many bytes could be read before the first that could not.</param>
    /// <returns>EFAULT (nothing could be read), ESRCH, EPERM (the process is undumpable or another user's).</returns>
    public static Errno TryRead(int threadId, ulong address, Span<byte> bytes, out int read)
    {
        fixed (byte* pointer = bytes)
        {
            var local = new IoVector { Base = pointer, Length = (nuint)bytes.Length };
            var remote = new IoVector { Base = (byte*)address, Length = (nuint)bytes.Length };
            var result = process_vm_readv(threadId, &local, 1, &remote, 1, 0);
            read = (int)Math.Max(0, result);
            return ErrnoGuard.Of(result);
        }
    }

    /// <summary>Writes.</summary>
    /// <param name="threadId">A thread of the process.</param>
    /// <param name="address">Where, in that process.</param>
    /// <param name="bytes">What.</param>
    /// <param name="written">How many bytes were written before the first that could not be.</param>
    /// <returns>EFAULT (nothing was written), ESRCH, EPERM.</returns>
    public static Errno TryWrite(int threadId, ulong address, ReadOnlySpan<byte> bytes, out int written)
    {
        fixed (byte* pointer = bytes)
        {
            var local = new IoVector { Base = pointer, Length = (nuint)bytes.Length };
            var remote = new IoVector { Base = (byte*)address, Length = (nuint)bytes.Length };
            var result = process_vm_writev(threadId, &local, 1, &remote, 1, 0);
            written = (int)Math.Max(0, result);
            return ErrnoGuard.Of(result);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint process_vm_readv(int pid, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint process_vm_writev(int pid, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);
}
