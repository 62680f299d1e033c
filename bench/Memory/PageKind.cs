using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>The pages that a heap is configured to hand out.</summary>
sealed record PageKind(string Key, string Name)
{
    public static PageKind Small { get; } = new("4KiB", "4 KiB pages");

    public static PageKind Huge { get; } = new("2MiB", "2 MiB pages");

    /// <summary>What was really handed out: the configuration is a wish.</summary>
    public static string Describe(DmaBuffer buffer)
    {
        if (FileSystemStatus.TryGet(buffer.Handle, out var status) == Errno.None && status.IsHugePages) return "reserved huge pages (hugetlb) of 2 MiB";
        return buffer.PageSize >= HugePageReserve.PageSize ? "huge pages of 2 MiB, transparent or collapsed" : $"pages of {Unit.Bytes.ShowRound(buffer.PageSize)}";
    }
}
