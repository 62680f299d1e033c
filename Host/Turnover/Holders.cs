using System.Globalization;
using DmaHeap.Hosting.Buffers;

namespace DmaHeap.Hosting.Turnover;

/// <summary>Who holds buffers, in words: the processes that allocated them, which may have passed them on.</summary>
internal static class Holders
{
    private const int MostNamed = 8;

    public static string Of(IReadOnlyCollection<BufferRecord> buffers)
    {
        if (buffers.Count == 0) return "held by nobody";
        var groups = buffers
            .GroupBy(record => (record.Owner.UserId, record.Owner.ProcessId))
            .OrderByDescending(group => group.Sum(record => record.Length))
            .ToArray();
        var named = groups.Take(MostNamed).Select(group => string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(group.Count())} ({new ByteSize(group.Sum(record => record.Length)).ToText()}) of process {group.Key.ProcessId}, user {group.Key.UserId}"));
        var more = groups.Length > MostNamed ? string.Create(CultureInfo.InvariantCulture, $"; and {groups.Length - MostNamed} more processes") : "";
        return string.Join("; ", named) + more;
    }

    private static string Count(int buffers) => buffers == 1 ? "1 buffer" : string.Create(CultureInfo.InvariantCulture, $"{buffers} buffers");
}
