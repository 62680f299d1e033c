using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>What a number of the report counts.</summary>
enum Unit
{
    /// <summary>Nothing: a ratio.</summary>
    Ratio,

    /// <summary>Nanoseconds; shown in what is readable.</summary>
    Time,

    /// <summary>Seconds since a measurement began.</summary>
    Elapsed,

    /// <summary>Times a second.</summary>
    Rate,

    /// <summary>Bytes; shown in binary units.</summary>
    Bytes,

    /// <summary>Millions of bytes.</summary>
    Megabytes,

    /// <summary>Things.</summary>
    Count,

    /// <summary>Hundredths.</summary>
    Percent,
}

/// <summary>Numbers as people read them.</summary>
static class UnitText
{
    /// <summary>A measured value: three digits that count, and its unit.</summary>
    public static string Show(this Unit unit, double value) => unit switch
    {
        Unit.Time => Time(value, Digits),
        Unit.Elapsed => Invariant($"{value:0.#} s"),
        Unit.Rate => Invariant($"{value:N0}/s"),
        Unit.Bytes => Bytes(value, Digits),
        Unit.Megabytes => Invariant($"{value:0.0} MB"),
        Unit.Count => Invariant($"{value:N0}"),
        Unit.Percent => Invariant($"{value:0.0} %"),
        _ => value.ToString(Math.Abs(value) < 0.1 ? "0.000" : "0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>A round number, of a target or beside an axis: nothing behind the point that is not needed.</summary>
    public static string ShowRound(this Unit unit, double value) => unit switch
    {
        _ when value == 0 => "0",
        Unit.Megabytes => Invariant($"{value:0.###} MB"),
        Unit.Time => Time(value, Round),
        Unit.Bytes => Bytes(value, Round),
        Unit.Rate when value >= 10_000 => Invariant($"{value / 1000:0.###}k/s"),
        Unit.Rate => Invariant($"{value:0.###}/s"),
        Unit.Count => Invariant($"{value:N0}"),
        Unit.Elapsed => Invariant($"{value:0.###} s"),
        Unit.Percent => Invariant($"{value:0.###} %"),
        _ => Invariant($"{value:0.###}"),
    };

    static string Time(double nanoseconds, Func<double, string> show) => Math.Abs(nanoseconds) switch
    {
        < 1e3 => show(nanoseconds) + " ns",
        < 1e6 => show(nanoseconds / 1e3) + " µs",
        < 1e9 => show(nanoseconds / 1e6) + " ms",
        _ => show(nanoseconds / 1e9) + " s",
    };

    static string Bytes(double bytes, Func<double, string> show) => Math.Abs(bytes) switch
    {
        < 1 << 10 => Invariant($"{bytes:0} bytes"),
        < 1 << 20 => show(bytes / (1 << 10)) + " KiB",
        < 1 << 30 => show(bytes / (1 << 20)) + " MiB",
        _ => show(bytes / (1 << 30)) + " GiB",
    };

    static string Digits(double value) => value.ToString(Math.Abs(value) switch { < 10 => "0.00", < 100 => "0.0", _ => "0" }, CultureInfo.InvariantCulture);

    static string Round(double value) => Invariant($"{value:0.###}");

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
