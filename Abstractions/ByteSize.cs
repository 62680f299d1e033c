using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DmaHeap;

/// <summary>
/// A number of bytes, written as people write it: <c>4096</c>, <c>64KiB</c>, <c>8MiB</c>, <c>1GiB</c>, <c>2TiB</c>.
/// Only binary units, so that nobody has to guess; never negative.
/// </summary>
/// <param name="Bytes">The number of bytes.</param>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    /// <summary>What a text must look like, for schemas and messages.</summary>
    public const string Pattern = "^[0-9]+(\\.[0-9]+)?\\s*(B|KiB|MiB|GiB|TiB)?$";

    private static readonly (string Suffix, long Factor)[] s_units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size such as <c>8MiB</c> or <c>1.5GiB</c>. Units are exact to the letter; a fraction must come out as whole bytes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="size">The size, when it is one.</param>
    /// <returns>False when the text is no size or does not fit 63 bits.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ByteSize size)
    {
        size = default;
        if (string.IsNullOrWhiteSpace(text)) return false;
        var trimmed = text.AsSpan().Trim();
        foreach (var (suffix, factor) in s_units)
        {
            if (!trimmed.EndsWith(suffix, StringComparison.Ordinal)) continue;
            return TryScale(trimmed[..^suffix.Length].TrimEnd(), factor, out size);
        }

        return false;
    }

    private static bool TryScale(ReadOnlySpan<char> number, long factor, out ByteSize size)
    {
        size = default;
        if (number.IsEmpty || number[0] == '.' || number[^1] == '.') return false;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return false;
        if (value > long.MaxValue / factor) return false;
        value *= factor;
        if (value != decimal.Truncate(value)) return false;
        size = new ByteSize((long)value);
        return true;
    }

    /// <summary>The size in the largest unit that keeps it exact (<c>8MiB</c>, <c>12KiB</c>, <c>100B</c>). <see cref="TryParse"/> reads it back.</summary>
    public override string ToString()
    {
        foreach (var (suffix, factor) in s_units)
        {
            if (Bytes >= factor && Bytes % factor == 0) return string.Create(CultureInfo.InvariantCulture, $"{Bytes / factor}{suffix}");
        }

        return "0B";
    }

    /// <summary>The size for a sentence, with one decimal: <c>6.0 MiB</c>, <c>512 KiB</c>.</summary>
    public string ToText()
    {
        foreach (var (suffix, factor) in s_units)
        {
            if (Bytes < factor) continue;
            if (Bytes % factor == 0 || factor == 1) return string.Create(CultureInfo.InvariantCulture, $"{Bytes / factor} {suffix}");
            return string.Create(CultureInfo.InvariantCulture, $"{(double)Bytes / factor:0.0} {suffix}");
        }

        return "0 B";
    }

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);
}
