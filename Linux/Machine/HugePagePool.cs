using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>The machine's pool of huge pages of one size, in pages.</summary>
/// <param name="Total">nr_hugepages: all that are in the pool, surplus ones included.</param>
/// <param name="Free">free_hugepages: those not handed out; some may be reserved by mappings.</param>
/// <param name="Surplus">surplus_hugepages: those above the pool's set size.</param>
public readonly record struct HugePagePool(long Total, long Free, long Surplus)
{
    /// <summary>Reads it now.</summary>
    /// <param name="pageSize">The page size in bytes, such as 2 MiB.</param>
    /// <param name="root">The directory that /sys lies in.</param>
    /// <returns>Null where the kernel has no huge pages of that size.</returns>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public static HugePagePool? Read(long pageSize, string root = "/")
    {
        var directory = Path.Join(root, "sys/kernel/mm/hugepages", string.Create(CultureInfo.InvariantCulture, $"hugepages-{pageSize / 1024}kB"));
        if (!Directory.Exists(directory)) return null;
        return new HugePagePool(Number(directory, "nr_hugepages"), Number(directory, "free_hugepages"), Number(directory, "surplus_hugepages"));
    }

    static long Number(string directory, string name) =>
        long.Parse(File.ReadAllText(Path.Join(directory, name)), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
