using System.Globalization;
using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>How much of a mapping of this process is mapped by huge pages: the kernel's word for what was asked of it by advice, which it may pass over.</summary>
public static unsafe partial class HugeMappings
{
    internal const ulong IsHuge = 1 << 6;
    const int MostRanges = 32;

    /// <summary>Bytes of the mapping that one entry of the page table maps 2 MiB of.</summary>
    /// <param name="mapping">The mapping, whose pages were touched, or collapsed, through it.</param>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">As for <see cref="TryCountBytes"/>.</exception>
    public static long CountBytes(MemoryMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return TryScan(mapping, out var bytes) ? bytes : ReadFromSmaps(mapping);
    }

    /// <summary>The same. False where the kernel does not tell us: an ordinary user's program that is not dumpable is kept out of its own page table, too.</summary>
    /// <inheritdoc cref="CountBytes"/>
    public static bool TryCountBytes(MemoryMapping mapping, out long bytes)
    {
        bytes = 0;
        try
        {
            bytes = CountBytes(mapping);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    // PAGEMAP_SCAN, from 6.7 on: tells of a range alone, where smaps walks all there is.
    internal static bool TryScan(MemoryMapping mapping, out long bytes)
    {
        bytes = 0;
        using var pagemap = File.OpenHandle("/proc/self/pagemap");
        using var fd = new BorrowedDescriptor(pagemap);
        var ranges = stackalloc PageRange[MostRanges];
        var end = (ulong)mapping.Address + (ulong)mapping.Length;
        for (var start = (ulong)mapping.Address; start < end;)
        {
            var scan = new PagemapScan
            {
                Size = (ulong)sizeof(PagemapScan),
                Start = start,
                End = end,
                Ranges = (ulong)ranges,
                RangesLength = MostRanges,
                CategoryMask = IsHuge,
                ReturnMask = IsHuge,
            };
            var found = ioctl(fd.Number, PagemapScan.Number, &scan);
            if (found < 0 || scan.WalkEnd <= start) return false;
            for (var i = 0; i < found; i++) bytes += (long)(ranges[i].End - ranges[i].Start);
            start = scan.WalkEnd;
        }

        return true;
    }

    internal static long ReadFromSmaps(MemoryMapping mapping)
    {
        var beginning = string.Create(CultureInfo.InvariantCulture, $"{mapping.Address:x}-");
        var isOurs = false;
        var bytes = 0L;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (char.IsAsciiHexDigitLower(line[0])) // the head of a mapping; its fields begin with a capital
            {
                if (isOurs) return bytes;
                isOurs = line.StartsWith(beginning, StringComparison.Ordinal);
            }
            else if (isOurs && (line.StartsWith("ShmemPmdMapped:", StringComparison.Ordinal) || line.StartsWith("FilePmdMapped:", StringComparison.Ordinal)))
            {
                bytes += long.Parse(line.AsSpan(line.IndexOf(':') + 1).TrimEnd("kB"), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
            }
        }

        return bytes;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, PagemapScan* argument);

    /// <summary>struct pm_scan_arg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PagemapScan
    {
        /// <summary>_IOWR('f', 16, struct pm_scan_arg).</summary>
        public const uint Number = 0xC060_6610;

        public ulong Size;
        public ulong Flags;
        public ulong Start;
        public ulong End;
        public ulong WalkEnd;
        public ulong Ranges;
        public ulong RangesLength;
        public ulong MaxPages;
        public ulong CategoryInverted;
        public ulong CategoryMask;
        public ulong CategoryAnyOfMask;
        public ulong ReturnMask;
    }

    /// <summary>struct page_region.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct PageRange
    {
        public ulong Start;
        public ulong End;
        public ulong Categories;
    }
}
