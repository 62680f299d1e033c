using System.Text;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Texts that clients send again and again, heaps' names and buffers': the same bytes give the same string, so that a request leaves none behind. A place for each hash, taken over by
/// the text that came last: clients choose the names, and however many they think of, only so many are kept. Thread-safe.
/// </summary>
internal sealed class NameCache
{
    private const int Places = 256;
    private const int Longest = 64;

    private readonly string?[] _texts = new string?[Places];

    /// <param name="utf8">Valid UTF-8.</param>
    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty) return "";
        if (utf8.Length > Longest) return Encoding.UTF8.GetString(utf8);
        Span<char> chars = stackalloc char[Longest];
        chars = chars[..Encoding.UTF8.GetChars(utf8, chars)];
        ref var place = ref _texts[(uint)string.GetHashCode(chars) % Places];
        if (Volatile.Read(ref place) is { } known && chars.SequenceEqual(known)) return known;
        var text = chars.ToString();
        Volatile.Write(ref place, text);
        return text;
    }
}
