using DmaHeap.Hosting.Reclaim;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>
/// How much all pools together may take, so that the host lacks nothing for their sake: an eighth of its descriptors and of the system's watches, and memory only while an eighth of all stays
/// available beyond it, and more where that would be given back again at once. For the filler's thread alone.
/// </summary>
internal sealed class PoolRoom(Headroom headroom, TimeProvider time)
{
    private const int Share = 8;
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(100);

    private readonly int _mostDescriptors = (int)Math.Min(int.MaxValue, ResourceLimits.Get(LimitedResource.OpenFiles).Soft / Share);
    private readonly int _mostWatches = InotifyLimits.Read().MaxUserWatches / Share;
    private readonly long _kept = headroom.Total() / Share;
    private long _lookedAt;
    private long _left;

    /// <summary>Why there is no room for one piece more; null where there is.</summary>
    /// <param name="pieces">How many there are.</param>
    /// <param name="bytes">How long the next one is.</param>
    public string? WhyNot(int pieces, long bytes)
    {
        if (pieces >= _mostDescriptors) return $"pools have {pieces} descriptors, an eighth of the host's";
        if (pieces >= _mostWatches) return $"pools have {pieces} inotify watches, an eighth of the system's";
        return bytes <= Left() ? null : "too little memory is available on this machine or in the host's cgroup";
    }

    /// <summary>Bytes that are missing for a piece; 0 where it is not memory that is.</summary>
    public long Missing(long bytes) => Math.Max(0, bytes - Left());

    /// <summary>A piece was made.</summary>
    public void Took(long bytes) => _left -= bytes;

    /// <summary>Pieces were given up.</summary>
    public void Gave(long bytes) => _left += bytes;

    // Looked at again from time to time alone: it costs as much as a small piece.
    private long Left()
    {
        var now = time.GetTimestamp();
        if (_lookedAt != 0 && time.GetElapsedTime(_lookedAt, now) < s_fresh) return _left;
        _lookedAt = now;
        // Nor so much that it would have to be given back again.
        return _left = Math.Min(headroom.Available() - _kept, LimitMarks.Spare(headroom.Rooms()));
    }
}
