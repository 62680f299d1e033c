using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>The processors' time since the machine started, in ticks: of all, and what a hypervisor gave to other machines instead.</summary>
readonly record struct ProcessorTime(long Total, long Stolen)
{
    public static ProcessorTime Read()
    {
        const int Steal = 7, Guest = 8; // in the order of proc_stat(5); the time of guests is in user's already
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Guest)
            .Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToList();
        return new(ticks.Sum(), ticks[Steal]);
    }

    /// <summary>In hundredths of all.</summary>
    public double StolenSince(ProcessorTime before) => (Stolen - before.Stolen) * 100.0 / Math.Max(1, Total - before.Total);
}
