using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace DmaHeap.Protocol;

/// <summary>32 bytes of UTF-8, padded with zeros, at least one of them.</summary>
[InlineArray(32)]
public struct Text32
{
    private byte _first;
}

/// <summary>64 bytes of UTF-8, padded with zeros, at least one of them.</summary>
[InlineArray(64)]
public struct Text64
{
    private byte _first;
}

/// <summary>256 bytes of UTF-8, padded with zeros, at least one of them.</summary>
[InlineArray(256)]
public struct Text256
{
    private byte _first;
}

/// <summary>448 bytes of UTF-8, padded with zeros, at least one of them.</summary>
[InlineArray(448)]
public struct Text448
{
    private byte _first;
}

/// <summary>1,024 bytes of UTF-8, padded with zeros, at least one of them.</summary>
[InlineArray(1024)]
public struct Text1024
{
    private byte _first;
}

/// <summary>Reads and writes the protocol's text fields.</summary>
public static class TextField
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Fills a field; text that does not fit is cut at a whole character.</summary>
    /// <param name="field">The field, one zero byte of which always remains.</param>
    /// <param name="text">The text.</param>
    public static void Write(Span<byte> field, ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, field[..^1], out _, out var written);
        field[written..].Clear();
    }

    /// <summary>Fills a field, or says that the text does not fit it.</summary>
    /// <param name="field">The field, one zero byte of which always remains.</param>
    /// <param name="text">The text.</param>
    /// <returns>False, with the field untouched, when the text is too long or holds a NUL.</returns>
    public static bool TryWrite(Span<byte> field, ReadOnlySpan<char> text)
    {
        if (text.Contains('\0') || Encoding.UTF8.GetByteCount(text) >= field.Length) return false;
        Write(field, text);
        return true;
    }

    /// <summary>Reads a field strictly, as the host does.</summary>
    /// <param name="field">The field.</param>
    /// <param name="text">The text before the first zero.</param>
    /// <returns>False when there is no zero, something other than zeros after the first one, or no UTF-8.</returns>
    public static bool TryRead(ReadOnlySpan<byte> field, out string text)
    {
        text = "";
        if (!TryReadBytes(field, out var utf8)) return false;
        text = s_strict.GetString(utf8);
        return true;
    }

    /// <summary>Reads a field as strictly, for somebody who may have the text already.</summary>
    /// <param name="field">The field.</param>
    /// <param name="utf8">The bytes before the first zero: valid UTF-8.</param>
    /// <returns>As <see cref="TryRead"/>.</returns>
    public static bool TryReadBytes(ReadOnlySpan<byte> field, out ReadOnlySpan<byte> utf8)
    {
        var end = field.IndexOf((byte)0);
        utf8 = end < 0 ? [] : field[..end];
        return end >= 0 && !field[end..].ContainsAnyExcept((byte)0) && Utf8.IsValid(utf8);
    }

    /// <summary>Reads a field leniently, as a client may: up to the first zero, bad bytes replaced.</summary>
    /// <param name="field">The field.</param>
    public static string Read(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }
}
