using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Has the kernel tell when programs wait for memory: a pressure stall trigger. Its descriptor is <see cref="ReadyEvents.Urgent"/> at most once in each window.</summary>
public static unsafe partial class PressureTrigger
{
    const int ReadWrite = 2, NonBlocking = 0x800, MostText = 256;

    /// <summary>The machine's file.</summary>
    public const string OfTheMachine = "/proc/pressure/memory";

    /// <summary>Sets a trigger for the time that some task at least waits.</summary>
    /// <param name="path"><see cref="OfTheMachine"/>, or the <c>memory.pressure</c> of a control group.</param>
    /// <param name="stall">How much waiting within a window is too much.</param>
    /// <param name="window">Half a second to ten; without privilege (CAP_SYS_RESOURCE) a multiple of two.</param>
    /// <param name="trigger">To be waited on, and closed; invalid on failure.</param>
    /// <returns>ENOENT, EOPNOTSUPP (no pressure accounting), EACCES, EPERM, EINVAL (a window that is not allowed).</returns>
    public static Errno TrySet(string path, TimeSpan stall, TimeSpan window, out SafeFileHandle trigger)
    {
        var errno = PathCalls.TryOpen(path, ReadWrite | NonBlocking, out trigger);
        if (errno != Errno.None) return errno;
        var text = string.Create(CultureInfo.InvariantCulture, $"some {(long)stall.TotalMicroseconds} {(long)window.TotalMicroseconds}\0");
        using (var fd = new BorrowedDescriptor(trigger))
        fixed (byte* bytes = Encoding.ASCII.GetBytes(text)) errno = ErrnoGuard.Of(write(fd.Number, bytes, (nuint)text.Length));
        if (errno != Errno.None) trigger.Dispose();
        return errno;
    }

    /// <summary>How long some task at least waited, ever, as the kernel counts it now.</summary>
    /// <param name="trigger">A trigger, or its file.</param>
    /// <returns>Null where it does not say.</returns>
    public static TimeSpan? ReadTotal(SafeFileHandle trigger)
    {
        Span<byte> text = stackalloc byte[MostText];
        nint read;
        using (var fd = new BorrowedDescriptor(trigger))
        fixed (byte* bytes = text) read = pread(fd.Number, bytes, MostText, 0);
        if (read <= 0) return null;
        // "some avg10=0.00 avg60=0.00 avg300=0.00 total=3416473", in microseconds; a line for "full" follows.
        var line = text[..(int)read];
        if (line.IndexOf((byte)'\n') is var end and >= 0) line = line[..end];
        var total = line.IndexOf("total="u8);
        if (total < 0 || !long.TryParse(line[(total + "total=".Length)..], NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)) return null;
        return TimeSpan.FromMicroseconds(microseconds);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(int fd, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, byte* buffer, nuint length);
}
