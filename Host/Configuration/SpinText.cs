using System.Globalization;
using DmaHeap.Hosting.Server;

namespace DmaHeap.Hosting.Configuration;

/// <summary>The limit of a spin, as people write it. The pattern is all there is to check, so that an editor says the same as the host.</summary>
internal static class SpinText
{
    internal const string Pattern = @"^(off|auto|(1|1\.0{1,4}|0\.[0-9]{1,4})ms)$";
    internal const string Rule = "\"off\", \"auto\" or a time above 0 and of at most 1ms, such as \"0.05ms\"";

    /// <param name="text">What fits the pattern.</param>
    internal static TimeSpan Parse(string text) => text switch
    {
        "off" => TimeSpan.Zero,
        "auto" => SpinRule.Auto,
        _ => TimeSpan.FromTicks((long)(decimal.Parse(text.AsSpan(0, text.Length - "ms".Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * TimeSpan.TicksPerMillisecond)),
    };

    internal static string Format(TimeSpan limit) => limit == TimeSpan.Zero ? "off" : TimeText.Format(limit);
}
