using System.Globalization;
using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>
/// Names a buffer for as long as anybody remembers it: no two buffers of any two hosts share one. It is a name, not a key; what may be done with a
/// buffer is decided by who shows its descriptor.
/// </summary>
/// <param name="Epoch">The host's run: 64 random bits, also in the hello.</param>
/// <param name="Sequence">Counts the buffers of that run from 1.</param>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct BufferId(ulong Epoch, ulong Sequence)
{
    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x16}{Sequence:x16}");

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The id, when it is one.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out BufferId id)
    {
        id = default;
        if (text.Length != 32) return false;
        if (!ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var epoch)) return false;
        if (!ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sequence)) return false;
        id = new BufferId(epoch, sequence);
        return true;
    }
}
