using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>What the device sees of a buffer: its own copy. While there is one the buffer is not released. Thread-safe.</summary>
public sealed class UncachedAttachment : IDisposable
{
    private readonly UncachedBuffer _buffer;
    private readonly SafeFileHandle _cpu;

    internal UncachedAttachment(UncachedBuffer buffer, SafeFileHandle cpu) => (_buffer, _cpu) = (buffer, cpu);

    /// <summary>Bytes of the buffer.</summary>
    public long Length => _buffer.Length;

    /// <summary>The device reads from the buffer. What programs forgot is noticed.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    public byte[] Read(long offset, int length)
    {
        ThrowIfOutside(offset, length);
        var bytes = new byte[length];
        _buffer.ReadAsDevice(_cpu, offset, bytes);
        return bytes;
    }

    /// <summary>The device writes into the buffer. What programs forgot is noticed.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="bytes">What it writes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        ThrowIfOutside(offset, bytes.Length);
        _buffer.WriteAsDevice(_cpu, offset, bytes);
    }

    /// <summary>The device leaves the buffer.</summary>
    public void Dispose() => _cpu.Dispose();

    private void ThrowIfOutside(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }
}
