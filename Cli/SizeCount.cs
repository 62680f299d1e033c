using System.CommandLine.Parsing;
using System.Globalization;

namespace DmaHeap.Cli;

/// <summary>Some buffers of one size: <c>3x2MiB</c>, or <c>2MiB</c> for one.</summary>
readonly record struct SizeCount(int Count, ByteSize Size)
{
    public static SizeCount[] Read(ArgumentResult argument)
    {
        var sizes = new SizeCount[argument.Tokens.Count];
        for (var i = 0; i < sizes.Length; i++)
        {
            if (TryParse(argument.Tokens[i].Value, out sizes[i])) continue;
            argument.AddError(
                $"\"{argument.Tokens[i].Value}\" is no size: write a number of bytes, or one with KiB, MiB, GiB or TiB, such as 8MiB, and for several of them a number and an x before it, such as 3x8MiB.");
            return [];
        }

        return sizes;
    }

    static bool TryParse(string text, out SizeCount sizes)
    {
        sizes = default;
        var (count, size) = (1, text);
        if (text.IndexOf('x', StringComparison.Ordinal) is var cross and >= 0)
        {
            if (!int.TryParse(text.AsSpan(0, cross), NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1) return false;
            size = text[(cross + 1)..];
        }

        if (!ByteSize.TryParse(size, out var bytes)) return false;
        sizes = new SizeCount(count, bytes);
        return true;
    }
}
