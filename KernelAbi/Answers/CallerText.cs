using System.Text;
using System.Text.Unicode;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>A name in the caller's memory, read as strndup_user reads it.</summary>
internal static class CallerText
{
    /// <summary>DMA_BUF_NAME_LEN: the longest name and its terminator.</summary>
    public const int MostBytes = 32;

    // The smallest page there is; where pages are larger, a boundary more is looked at and nothing else changes.
    private const uint PageBytes = 4096;

    /// <param name="memory">Whose.</param>
    /// <param name="address">Where it starts.</param>
    /// <param name="bytes">Takes it: <see cref="MostBytes"/>.</param>
    /// <param name="length">Bytes before the terminator.</param>
    /// <returns>EFAULT where a byte before the terminator cannot be read, EINVAL where there is none among the first <see cref="MostBytes"/>, ESRCH.</returns>
    public static Errno Read(ICallerMemory memory, ulong address, Span<byte> bytes, out int length)
    {
        // Never across a page before the pages up to it are known to have no terminator: what follows a name may be unreadable.
        length = 0;
        var untilPageEnd = (int)(PageBytes - (uint)address % PageBytes);
        for (var (start, end) = (0, Math.Min(MostBytes, untilPageEnd)); start < MostBytes; (start, end) = (end, MostBytes))
        {
            var part = bytes[start..end];
            var read = memory.Read(unchecked(address + (ulong)start), part);
            if (read != Errno.None) return read;
            var terminator = part.IndexOf((byte)0);
            if (terminator < 0) continue;
            length = start + terminator;
            return Errno.None;
        }

        return Errno.EINVAL;
    }

    /// <summary>The kernel keeps any bytes, a host text: bytes that are no UTF-8 show as question marks, as many as there are.</summary>
    public static string ToName(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        Span<byte> shown = stackalloc byte[bytes.Length];
        for (var i = 0; i < bytes.Length; i++) shown[i] = bytes[i] < 0x80 ? bytes[i] : (byte)'?';
        return Encoding.ASCII.GetString(shown);
    }
}
