using System.Globalization;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Who has pages of a memory file in its page table, as <c>/proc/PID/pagemap</c> tells. A page comes there when it is touched through a mapping; a load brings up to 64 KiB
/// around it that the file has as well (the kernel's fault-around), a store the one page. Punching the file takes its pages out of every table.
/// </summary>
internal static class PageTables
{
    private const int EntryBytes = 8;
    private const ulong Present = 1UL << 63;
    private const ulong OfFile = 1UL << 61;
    private const ulong MappedOnce = 1UL << 56;

    /// <summary>
    /// The first byte of the first page that any mapping has, of whichever process or user; null when none has. Maps the file and takes what is mapped more than once then.
    /// </summary>
    public static long? FindMapped(SafeFileHandle file, long length)
    {
        var errno = MemoryMapping.TryMap(file, 0, length, MapProtection.Read, populate: true, alignment: 0, out var mapping);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "looking who has a buffer's pages");
        using (mapping)
        {
            var entries = Read("self", (ulong)mapping!.Address, length);
            var first = Array.FindIndex(entries, entry => IsOfFile(entry) && (entry & MappedOnce) == 0);
            return first < 0 ? null : (long)first * Environment.SystemPageSize;
        }
    }

    /// <summary>For each page of a process's mapping, whether it has the file's there; a private copy of one is not the file's.</summary>
    /// <exception cref="IOException">The process is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not look at it.</exception>
    public static bool[] Touched(int process, ulong address, long length) =>
        Array.ConvertAll(Read(process.ToString(CultureInfo.InvariantCulture), address, length), IsOfFile);

    private static bool IsOfFile(ulong entry) => (entry & (Present | OfFile)) == (Present | OfFile);

    private static ulong[] Read(string process, ulong address, long length)
    {
        var page = Environment.SystemPageSize;
        var bytes = new byte[checked((int)((length + page - 1) / page * EntryBytes))];
        using var table = File.OpenHandle($"/proc/{process}/pagemap");
        var read = RandomAccess.Read(table, bytes, (long)(address / (ulong)page) * EntryBytes);
        var entries = new ulong[read / EntryBytes];
        for (var i = 0; i < entries.Length; i++) entries[i] = BitConverter.ToUInt64(bytes, i * EntryBytes);
        return entries;
    }
}
