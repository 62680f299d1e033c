using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DmaHeap.Bench;

/// <summary>Runs the program that makes its memory itself: see native/by_hand.c.</summary>
/// <param name="Native">Where it is.</param>
/// <param name="Options"><c>--populate</c>, <c>--huge</c>, or nothing.</param>
sealed record ByHand(NativePrograms Native, params string[] Options)
{
    /// <summary>Times from nothing to a buffer whose every page was written to.</summary>
    public TripTimes Ready(long length, int trips) => NativeOutput.Times(Run("ready", length, trips));

    /// <summary>Times from nothing to so many frames that are written whole.</summary>
    public TripTimes Ring(long length, int frames, int trips) => NativeOutput.Times(Run("ring", length, trips, "--frames", frames.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Times to make so many buffers as a broker does, and to close them, with nobody in between.</summary>
    public TripTimes Tracked(long length, int buffers, int trips) => NativeOutput.Times(Run("tracked", length, trips, "--frames", buffers.ToString(CultureInfo.InvariantCulture)));

    /// <summary>How many were made in each slice of time, without a pause.</summary>
    public Sustained Sustain(long length, TimeSpan time)
    {
        var line = Run("sustained", length, (int)time.TotalMilliseconds);
        return new(TimeSpan.FromMicroseconds(line.GetProperty("slice_ns").GetInt64() / 1e3), [.. line.GetProperty("counts").EnumerateArray().Select(count => count.GetInt32())]);
    }

    JsonElement Run(string what, long length, int count, params string[] more)
    {
        string[] arguments = [what, length.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture), .. more, .. Options];
        using var process = Process.Start(new ProcessStartInfo(Native.ByHand, arguments) { RedirectStandardOutput = true })!;
        var line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"by_hand {string.Join(' ', arguments)} failed; what it wrote is above");
        using var json = JsonDocument.Parse(line);
        return json.RootElement.Clone();
    }
}
