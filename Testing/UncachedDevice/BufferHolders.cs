using System.Globalization;
using DmaHeap.Hosting.Memory;

namespace DmaHeap.Testing;

/// <summary>Which processes have a memory file, as /proc tells: as far as this user may look.</summary>
internal static class BufferHolders
{
    /// <summary>Those who have it mapped; when nobody has, those who have a descriptor of it.</summary>
    public static IReadOnlyList<SyncProcess> Find(ulong inode)
    {
        var processes = Processes();
        var holders = processes.FindAll(id => MappingsOf(id, inode).Count > 0);
        if (holders.Count == 0) holders = processes.FindAll(id => HasOpen(id, inode));
        return [.. holders.Select(Describe)];
    }

    /// <summary>Those who have pages of it in their page table.</summary>
    public static IReadOnlyList<TouchedPages> FindTouched(ulong inode)
    {
        var touched = new List<TouchedPages>();
        foreach (var id in Processes())
        {
            var pages = MappingsOf(id, inode).SelectMany(mapping => Try(() => PagesOf(id, mapping)) ?? []).ToHashSet();
            if (pages.Count > 0) touched.Add(new TouchedPages(Describe(id), pages));
        }

        return touched;
    }

    public static SyncProcess Describe(int id) => new(id, Try(() => File.ReadAllText($"/proc/{id}/comm").TrimEnd('\n')) ?? "");

    private static List<int> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))];

    // start-end perms offset dev inode path
    private static List<Mapping> MappingsOf(int id, ulong inode) => Try(() => File.ReadLines($"/proc/{id}/maps")
        .Where(line => line.Contains("/memfd:", StringComparison.Ordinal))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length > 4 && ulong.Parse(words[4], CultureInfo.InvariantCulture) == inode)
        .Select(words => (Range: words[0].Split('-'), Offset: words[2]))
        .Select(line => new Mapping(Hex(line.Range[0]), (long)(Hex(line.Range[1]) - Hex(line.Range[0])), (long)Hex(line.Offset)))
        .ToList()) ?? [];

    private static ulong Hex(string digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static List<long> PagesOf(int id, Mapping mapping)
    {
        var touched = PageTables.Touched(id, mapping.Address, mapping.Length);
        var first = mapping.Offset / Environment.SystemPageSize;
        return [.. Enumerable.Range(0, touched.Length).Where(page => touched[page]).Select(page => first + page)];
    }

    private static bool HasOpen(int id, ulong inode) => Try(() => Directory.EnumerateFiles($"/proc/{id}/fdinfo").Any(file =>
        Try(() => File.ReadLines(file).Any(line => line.StartsWith("ino:", StringComparison.Ordinal) && ulong.Parse(line.AsSpan(4), CultureInfo.InvariantCulture) == inode))));

    // Processes end and close while they are looked at, and some are none of this user's business.
    private static T? Try<T>(Func<T> look)
    {
        try
        {
            return look();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private readonly record struct Mapping(ulong Address, long Length, long Offset);
}
