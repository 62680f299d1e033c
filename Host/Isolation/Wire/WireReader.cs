using System.Buffers.Binary;
using System.Text;

namespace DmaHeap.Hosting.Isolation;

/// <summary>Reads one message; believes nothing it says about itself.</summary>
internal sealed class WireReader
{
    private byte[] _message = [];
    private int _length;
    private int _position;

    public void Reset(byte[] message, int length) => (_message, _length, _position) = (message, length, 0);

    public WireKind Kind() => (WireKind)Byte();

    public byte Byte() => Take(1)[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new WireException($"sent a flag that is {other}"),
    };

    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    public ulong Number() => (ulong)Long();

    /// <summary>A number of things that follow, each of at least <paramref name="size"/> bytes.</summary>
    public int Count(int size)
    {
        var count = Int();
        if (count < 0 || (long)count * size > _length - _position) throw new WireException($"sent a message that has no room for its {count} entries");
        return count;
    }

    public string Text() => Encoding.UTF8.GetString(Take(Count(1)));

    /// <summary>The message ends here.</summary>
    public void End()
    {
        if (_position != _length) throw new WireException($"sent a message with {_length - _position} bytes too many");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _length - _position) throw new WireException("sent a message that is cut off");
        _position += count;
        return _message.AsSpan(_position - count, count);
    }
}
