using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>The pages that a heap is configured to hand out.</summary>
sealed record PageKind(string Key, string Name)
{
    public static PageKind Small { get; } = new("4KiB", "4 KiB pages");

    /// <summary>Huge pages, reserved for the measurement where this user may.</summary>
    public static PageKind Huge { get; } = new("2MiB", "2 MiB pages") { Reserves = true };

    /// <summary>Huge pages where nobody reserved any: an ordinary machine's, and an ordinary user's.</summary>
    public static PageKind Collapsed { get; } = new("2MiB", "2 MiB pages, none reserved");

    public bool Reserves { get; private init; }

    public bool IsHuge => Key == Huge.Key;

    /// <summary>What was really handed out: the configuration is a wish.</summary>
    public static string Describe(DmaBuffer buffer)
    {
        if (FileSystemStatus.TryGet(buffer.Handle, out var status) == Errno.None && status.IsHugePages) return "reserved huge pages (hugetlb) of 2 MiB";
        return buffer.PageSize >= HugePageReserve.PageSize ? "huge pages of 2 MiB, transparent or collapsed" : $"pages of {Unit.Bytes.ShowRound(buffer.PageSize)}";
    }
}
