using System.Buffers.Binary;
using System.Text;

namespace DmaHeap.Hosting.Isolation;

/// <summary>Writes one message into a buffer that is used again for the next.</summary>
internal sealed class WireWriter
{
    private readonly byte[] _buffer = new byte[Channel.MaxMessage];
    private int _length;

    public ReadOnlySpan<byte> Message => _buffer.AsSpan(0, _length);

    /// <summary>Bytes that still fit.</summary>
    public int Room => _buffer.Length - _length;

    public WireWriter Begin(WireKind kind)
    {
        _length = 0;
        return Byte((byte)kind);
    }

    public WireWriter Byte(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    public WireWriter Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public WireWriter Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);
        return this;
    }

    public WireWriter Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);
        return this;
    }

    public WireWriter Number(ulong value) => Long((long)value);

    /// <summary>A text, cut where it is longer than <paramref name="most"/> bytes or than what is left of the message.</summary>
    public WireWriter Text(string text, int most = 4096)
    {
        var room = Math.Max(0, Math.Min(most, Room - sizeof(int)));
        var count = Encoding.UTF8.GetByteCount(text);
        var cut = text.AsSpan();
        if (count > room)
        {
            cut = cut[..Math.Min(cut.Length, room / 4)];
            count = Encoding.UTF8.GetByteCount(cut);
        }

        Int(count);
        Encoding.UTF8.GetBytes(cut, Take(count));
        return this;
    }

    private Span<byte> Take(int count)
    {
        if (count > Room) throw new WireException("is to be told more than a message holds");
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
