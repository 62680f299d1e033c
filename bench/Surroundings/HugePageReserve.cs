using System.Globalization;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>Huge pages of 2 MiB that are reserved for as long as it lives, in addition to those that were; then their number is as before.</summary>
sealed class HugePageReserve : IDisposable
{
    public const int PageSize = 2 << 20;

    const string File = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    readonly long _before;

    HugePageReserve(long before)
    {
        _before = before;
        Leftovers.Add(this);
    }

    /// <summary>Sees that so many are free. Null where there are not, and this user may not change that or memory is too scattered.</summary>
    public static HugePageReserve? TryHave(int pages)
    {
        if (HugePagePool.Read(PageSize) is not { } pool) return null;
        var reserve = new HugePageReserve(pool.Total - pool.Surplus);
        try
        {
            if (pool.Free < pages) Write(reserve._before + pages - pool.Free);
            if (HugePagePool.Read(PageSize)?.Free >= pages) return reserve;
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            // Not for us to change.
        }

        reserve.Dispose();
        return null;
    }

    public void Dispose()
    {
        if (!Leftovers.Remove(this) || HugePagePool.Read(PageSize) is not { } pool || pool.Total - pool.Surplus == _before) return;
        Write(_before);
    }

    static void Write(long pages) => System.IO.File.WriteAllText(File, pages.ToString(CultureInfo.InvariantCulture));
}
