using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>How little may be left before memory is given back, and how much is left after.</summary>
internal static class LimitMarks
{
    private const long Least = 4L << 20, Most = 256L << 20;

    /// <summary>Less than this is too little: an eighth of the limit, within bounds, for what is given back must suffice until the next look.</summary>
    public static long Low(long limit) => Math.Clamp(limit / 8, Math.Min(Least, limit / 2), Most);

    /// <summary>As much as this is enough.</summary>
    public static long Enough(long limit) => Low(limit) + Low(limit) / 2;

    /// <summary>Whether it is time to look often.</summary>
    public static bool IsNear(in MemoryRoom room) => room.Left < 4 * Low(room.Limit);

    /// <summary>Bytes that can be kept for later without having to be given back at once.</summary>
    public static long Spare(IEnumerable<MemoryRoom> rooms) => rooms.Min(room => room.Left - Enough(room.Limit));

    /// <summary>Bytes that are missing; 0 where there is enough.</summary>
    /// <param name="rooms">All that the host depends on.</param>
    /// <param name="isLow">Whether somebody has too little; then it is filled up to enough.</param>
    public static long Missing(IEnumerable<MemoryRoom> rooms, out bool isLow)
    {
        var missing = 0L;
        isLow = false;
        foreach (var room in rooms)
        {
            isLow |= room.Left < Low(room.Limit);
            missing = Math.Max(missing, Enough(room.Limit) - room.Left);
        }

        return missing;
    }
}
