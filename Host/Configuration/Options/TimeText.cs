using System.Globalization;
using System.Text.RegularExpressions;

namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// Spans of time as people write them: <c>500ms</c>, <c>2s</c>, <c>1.5m</c>, <c>1h</c>, <c>7d</c>, or <c>[d.]hh:mm:ss[.fffffff]</c>.
/// Never negative, and never a bare number: nobody should have to guess the unit.
/// </summary>
internal static partial class TimeText
{
    internal const string Pattern = @"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d)|([0-9]{1,7}\.)?([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?)$";

    private static readonly (string Suffix, long Ticks)[] s_units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    internal static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        if (text.EndsWith('\n') || !Shape().IsMatch(text)) return false;
        if (text.Contains(':', StringComparison.Ordinal)) return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time);

        var (suffix, factor) = s_units.First(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        if (!decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        if (number > TimeSpan.MaxValue.Ticks / factor) return false;
        time = new TimeSpan((long)(number * factor));
        return true;
    }

    /// <summary>The time in the largest unit that keeps it exact; <see cref="TryParse"/> reads it back.</summary>
    internal static string Format(TimeSpan time)
    {
        foreach (var (suffix, ticks) in s_units.Reverse())
        {
            if (time.Ticks >= ticks && time.Ticks % ticks == 0) return string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / ticks}{suffix}");
        }

        return time == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{(decimal)time.Ticks / TimeSpan.TicksPerMillisecond}ms");
    }

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
