using System.Text;

namespace DmaHeap.Hosting.Configuration;

/// <summary>The bytes of a file and the way from an offset in them to a line and a column.</summary>
internal sealed class SourceText
{
    private readonly List<int> _lineStarts = [0];

    internal SourceText(string fileName, ReadOnlyMemory<byte> utf8)
    {
        FileName = fileName;
        Bytes = utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        var bytes = Bytes.Span;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == (byte)'\n') _lineStarts.Add(i + 1);
        }
    }

    internal string FileName { get; }

    /// <summary>The text in UTF-8, without a byte order mark.</summary>
    internal ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The place of a byte. Of one inside a character, the character's.</summary>
    internal SourceLocation Locate(int offset)
    {
        offset = Math.Clamp(offset, 0, Bytes.Length);
        var bytes = Bytes.Span;
        while (offset < bytes.Length && offset > 0 && IsContinuation(bytes[offset])) offset--;

        var line = _lineStarts.BinarySearch(offset);
        if (line < 0) line = ~line - 1;
        var column = 1;
        foreach (var b in bytes[_lineStarts[line]..offset])
        {
            if (!IsContinuation(b)) column++;
        }

        return new SourceLocation(FileName, line + 1, column);
    }

    /// <summary>Offset of a line and a byte in it, both from 0, as the JSON reader counts; within the text whatever they are.</summary>
    internal int OffsetOf(long line, long byteInLine)
    {
        var start = _lineStarts[(int)Math.Clamp(line, 0, _lineStarts.Count - 1)];
        return (int)Math.Clamp(start + byteInLine, start, Bytes.Length);
    }

    /// <summary>Offset of the first byte that belongs to no UTF-8 character; null when all do.</summary>
    internal int? FindInvalidByte()
    {
        var rest = Bytes.Span;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(rest, out _, out var consumed) != System.Buffers.OperationStatus.Done) return Bytes.Length - rest.Length;
            rest = rest[consumed..];
        }

        return null;
    }

    private static bool IsContinuation(byte b) => (b & 0xC0) == 0x80;
}
