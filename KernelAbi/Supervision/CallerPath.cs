using System.Text;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Reads a path out of a caller's memory.</summary>
internal static class CallerPath
{
    private const int MostBytes = 4096;

    /// <returns>The path; null where it cannot be read, is too long, or nobody waits for the answer any more. The kernel will say which.</returns>
    public static string? Read(SeccompCaller caller, ulong address)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        var page = (ulong)Environment.SystemPageSize;
        for (var length = 0; length < MostBytes;)
        {
            // Never beyond a page that is known to be there.
            var at = address + (ulong)length;
            var part = bytes.Slice(length, (int)Math.Min(page - (at % page), (ulong)(MostBytes - length)));
            if (caller.Read(at, part) != Errno.None) return null;
            var end = part.IndexOf((byte)0);
            if (end >= 0) return Encoding.UTF8.GetString(bytes[..(length + end)]);
            length += part.Length;
        }

        return null;
    }
}
