using System.Globalization;

namespace DmaHeap.Testing;

/// <summary>Which processes have a memory file, as /proc tells: as far as this user may look.</summary>
internal static class BufferHolders
{
    /// <summary>Those who have it mapped; when nobody has, those who have a descriptor of it.</summary>
    public static IReadOnlyList<SyncProcess> Find(ulong inode)
    {
        var processes = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).ToList();
        var holders = processes.Where(id => Maps(id!, inode)).ToList();
        if (holders.Count == 0) holders = [.. processes.Where(id => HasOpen(id!, inode))];
        return [.. holders.Select(id => Describe(int.Parse(id!, CultureInfo.InvariantCulture)))];
    }

    public static SyncProcess Describe(int id) => new(id, Try(() => File.ReadAllText($"/proc/{id}/comm").TrimEnd('\n')) ?? "");

    // address perms offset dev inode path
    private static bool Maps(string id, ulong inode) => Try(() => File.ReadLines($"/proc/{id}/maps").Any(line =>
        line.Contains("/memfd:", StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, var number, ..] && ulong.Parse(number, CultureInfo.InvariantCulture) == inode));

    private static bool HasOpen(string id, ulong inode) => Try(() => Directory.EnumerateFiles($"/proc/{id}/fdinfo").Any(file =>
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
}
