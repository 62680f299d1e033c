using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Memory of the host's memory service. There are few kinds, and each differs in what a client's descriptor is and in what stays with the host:
/// that is all the rest of the host needs to know of memory.
/// </summary>
internal abstract class HostMemory(long length, long pageSize) : IHeapMemory
{
    private int _claimed;

    public long Length { get; } = length;

    public long PageSize { get; } = pageSize;

    public abstract MemoryKind Kind { get; }

    /// <summary>True when what stands behind it is secret memory.</summary>
    public virtual bool IsSecret => false;

    /// <summary>Ties the memory to the one buffer it will ever belong to. False when it belongs to one already.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>
    /// Hands over the sealed file whose last reference ends the buffer. The caller owns it, watches it, gives the client a description of it and closes it.
    /// Called once, at export.
    /// </summary>
    /// <param name="policy">What the buffer says of mmap.</param>
    /// <param name="name">Shown in /proc/PID/fd where a file is made for this.</param>
    public abstract ShownFile TakeShownFile(MmapPolicy policy, string name);

    public abstract SafeFileHandle OpenDescriptor();

    /// <summary>Frees what is still the host's. Safe to call more than once.</summary>
    public abstract void Dispose();

    protected static SafeFileHandle Reopen(SafeFileHandle file)
    {
        var errno = DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, out var reopened);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "opening a buffer's memory again");
        return reopened;
    }
}

/// <summary>The file a client sees of a buffer.</summary>
/// <param name="File">Not yet open to anybody else.</param>
/// <param name="IsOpaque">True when it only stands for the buffer: it is opened write-only whatever was asked for, and its mode becomes 0000.</param>
internal readonly record struct ShownFile(SafeFileHandle File, bool IsOpaque);
