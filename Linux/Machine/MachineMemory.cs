using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>The machine's memory, in bytes, from <c>/proc/meminfo</c>.</summary>
/// <param name="Total">MemTotal.</param>
/// <param name="Available">MemAvailable: what can be had without swapping, by the kernel's estimate.</param>
public readonly record struct MachineMemory(long Total, long Available)
{
    /// <summary>Reads it now.</summary>
    /// <param name="root">The directory that /proc lies in.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It lacks a field.</exception>
    public static MachineMemory Read(string root = "/")
    {
        long? total = null, available = null;
        foreach (var line in File.ReadLines(Path.Join(root, "proc/meminfo")))
        {
            total ??= Field(line, "MemTotal:");
            available ??= Field(line, "MemAvailable:");
            if (total is not null && available is not null) return new MachineMemory(total.Value, available.Value);
        }

        throw new InvalidDataException("/proc/meminfo has no MemTotal or no MemAvailable.");
    }

    static long? Field(string line, string name)
    {
        if (!line.StartsWith(name, StringComparison.Ordinal) || !line.EndsWith(" kB", StringComparison.Ordinal)) return null;
        var number = line.AsSpan(name.Length, line.Length - name.Length - " kB".Length);
        return long.Parse(number, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) * 1024;
    }
}
