using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>
/// A mapping of a buffer or a part of it, unmapped by Dispose. It keeps the memory alive by itself. Nobody may use a span or address of it after it was
/// disposed: like any pointer to freed memory, it may by then mean something else.
/// </summary>
public sealed class DmaMapping : IDisposable
{
    readonly MemoryMapping _mapping;

    internal DmaMapping(MemoryMapping mapping, long offset, FileAccess access)
    {
        _mapping = mapping;
        Offset = offset;
        Access = access;
    }

    /// <summary>Where in the buffer it starts, in bytes.</summary>
    public long Offset { get; }

    /// <summary>Bytes mapped.</summary>
    public long Length => _mapping.Length;

    /// <summary>What it was mapped for.</summary>
    public FileAccess Access { get; }

    /// <summary>Where it starts in this process. When it is 2 MiB long or longer, or the buffer has such pages, it is as far beyond a multiple of 2 MiB as <see cref="Offset"/> is: so huge
    /// pages are mapped whole.</summary>
    /// <exception cref="ObjectDisposedException">It was unmapped.</exception>
    public nint Address => _mapping.Address;

    /// <summary>All of it, for writing and reading.</summary>
    /// <exception cref="InvalidOperationException">It is mapped for reading only (writing would end the process), or longer than a span can
    /// be (2 GiB): take slices.</exception>
    /// <exception cref="ObjectDisposedException">It was unmapped.</exception>
    public Span<byte> Span => Slice(0, SpanLength);

    /// <summary>All of it, for reading.</summary>
    /// <exception cref="InvalidOperationException">It is longer than a span can be (2 GiB): take slices.</exception>
    /// <exception cref="ObjectDisposedException">It was unmapped.</exception>
    public ReadOnlySpan<byte> ReadOnlySpan => ReadOnlySlice(0, SpanLength);

    /// <summary>A part of it, for writing and reading.</summary>
    /// <param name="offset">Where in the mapping the part starts, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    /// <exception cref="InvalidOperationException">It is mapped for reading only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie inside.</exception>
    public Span<byte> Slice(long offset, int length)
    {
        if ((Access & FileAccess.Write) == 0) throw new InvalidOperationException("The mapping is for reading: use ReadOnlySpan, or map with FileAccess.ReadWrite.");
        return _mapping.Slice(offset, length);
    }

    /// <summary>A part of it, for reading.</summary>
    /// <inheritdoc cref="Slice" path="/param"/>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie inside.</exception>
    public ReadOnlySpan<byte> ReadOnlySlice(long offset, int length) => _mapping.Slice(offset, length);

    internal bool IsClosed => _mapping.IsClosed;

    /// <summary>Unmaps it.</summary>
    public void Dispose() => _mapping.Dispose();

    int SpanLength => Length <= int.MaxValue
        ? (int)Length
        : throw new InvalidOperationException($"A span cannot hold {Length} bytes: take slices, or map parts.");
}
