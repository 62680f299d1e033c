using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>A range of memory that an importer may use.</summary>
/// <param name="Handle">A descriptor of the memory; the mapping's, and possibly the same in several segments.</param>
/// <param name="Offset">First byte in the descriptor's file.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct DmaSegment(SafeFileHandle Handle, long Offset, long Length)
{
    /// <summary>Maps the segment for the CPU.</summary>
    /// <param name="access">What the mapping is for; the descriptor's access mode must allow it.</param>
    /// <returns>The mapping, the caller's to dispose. It is not ended by the importer's unmap.</returns>
    /// <exception cref="DmaHeapException">EINVAL (it does not start at a page), EACCES, EPERM, ENOMEM.</exception>
    public DmaMapping Map(FileAccess access = FileAccess.ReadWrite)
    {
        const int HugePage = 2 << 20; // which may be what the memory is made of, and is mapped whole only at an aligned address
        var alignment = Length >= HugePage && Offset % HugePage == 0 ? HugePage : 0;
        var errno = MemoryMapping.TryMap(Handle, Offset, Length, (MapProtection)access | MapProtection.Read, populate: false, alignment, out var mapping);
        if (errno == Errno.None) return new DmaMapping(mapping!, Offset, access);
        throw new DmaHeapException(errno, ClientCause.MapFailed, $"The segment cannot be mapped: {errno.Describe()}.");
    }
}

/// <summary>A buffer's memory, in the hands of an importer. Disposing it closes its descriptors and tells the host that the importer is done with it. Thread-safe.</summary>
public sealed class DmaAttachmentMapping : IDisposable, IAsyncDisposable
{
    readonly Func<bool, Task> _unmap;
    int _disposed;

    internal DmaAttachmentMapping(DmaSegment[] segments, Func<bool, Task> unmap)
    {
        Segments = segments;
        _unmap = unmap;
    }

    /// <summary>The memory, in the order of the buffer; the lengths add up to at least the buffer's.</summary>
    public IReadOnlyList<DmaSegment> Segments { get; }

    /// <summary>Closes the descriptors and takes the mapping back, on this thread.</summary>
    /// <exception cref="DmaHeapException">The heap's unmap failed (it counts as done all the same), the attachment ended before, or the host is gone.</exception>
    public void Dispose() => End(wait: true).GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync() => await End(wait: false).ConfigureAwait(false);

    Task End(bool wait)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return Task.CompletedTask;
        foreach (var segment in Segments) segment.Handle.Dispose();
        return _unmap(wait);
    }
}
