using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

/// <summary>A buffer handed out: a descriptor and what there is to know of it.</summary>
public sealed class ExportedBuffer : IDisposable
{
    internal ExportedBuffer(BufferId id, SafeFileHandle handle, long length, long pageSize, BufferFlags flags)
    {
        Id = id;
        Handle = handle;
        Length = length;
        PageSize = pageSize;
        Flags = flags;
    }

    /// <summary>Its name for as long as anybody remembers it.</summary>
    public BufferId Id { get; }

    /// <summary>The descriptor, in the access mode asked for. Owned by this object; the buffer lives while any descriptor or mapping of it does, in any process.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Length in bytes.</summary>
    public long Length { get; }

    /// <summary>Bytes of each page.</summary>
    public long PageSize { get; }

    /// <summary>What it is.</summary>
    public BufferFlags Flags { get; }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose() => Handle.Dispose();
}
