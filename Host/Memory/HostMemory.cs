using System.Runtime.InteropServices;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Memory of the host's memory service. There are few kinds, and each differs in what a client's descriptor is and in what stays with the host:
/// that is all the rest of the host needs to know of memory.
/// </summary>
internal abstract class HostMemory : IHeapMemory
{
    private int _claimed;

    /// <summary>Memory that is not there yet.</summary>
    protected HostMemory()
    {
    }

    protected HostMemory(long length, long pageSize) => Begin(length, pageSize);

    public long Length { get; private set; }

    public long PageSize { get; private set; }

    /// <summary>Bytes one entry of a page table maps: more than <see cref="PageSize"/> where the kernel put small pages together, as long as it leaves them so.</summary>
    public virtual long MappedPageSize => PageSize;

    public abstract MemoryKind Kind { get; }

    /// <summary>True when all its pages are there and zero, so that mapping them all at once is cheap.</summary>
    public virtual bool IsResident => false;

    /// <summary>Who its pages are charged to.</summary>
    public virtual MemoryPayer Payer => MemoryPayer.Nobody;

    /// <summary>True when what stands behind it is secret memory.</summary>
    public virtual bool IsSecret => false;

    /// <summary>Ties the memory to the one buffer it belongs to as long as it is there. False when it belongs to one already.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>
    /// Hands over the sealed file whose last reference ends the buffer. The caller owns it, watches it, gives the client a description of it and closes it.
    /// Called once, at export.
    /// </summary>
    /// <param name="policy">What the buffer says of mmap.</param>
    /// <param name="name">Shown in /proc/PID/fd where a file is made for this.</param>
    public abstract ShownFile TakeShownFile(MmapPolicy policy, string name);

    /// <summary>True when it belongs to a buffer.</summary>
    public bool IsClaimed => Volatile.Read(ref _claimed) != 0;

    public abstract SafeFileHandle OpenDescriptor();

    /// <summary>
    /// An op begins for which somebody showed a descriptor of the memory: the only one the host has then of memory that was handed out. Or, with null, it is over: when this has returned
    /// nobody opens what was shown before, whatever thread the heap has, so that its place may be emptied.
    /// </summary>
    public virtual void Show(SafeHandle? descriptor)
    {
    }

    /// <summary>Opens the memory for an importer to whom the heap's <c>Map</c> gave some of it.</summary>
    /// <param name="direction">Which way data will move: an importer that only reads gets a descriptor that only reads, where the kind of memory allows it.</param>
    /// <param name="shown">The descriptor the importer attached with, when this memory is what that stands for; null otherwise. Nobody gets more access than it has.</param>
    /// <param name="opened">Where the importer's descriptor goes; empty until then.</param>
    /// <exception cref="HeapException">
    /// EACCES: the descriptor shown does not have the access the direction needs. EOPNOTSUPP: there is nothing to open. EIO <see cref="HeapCause.HeapFault"/>: it was disposed.
    /// </exception>
    public abstract void OpenForImporter(DataDirection direction, SafeHandle? shown, ReusableDescriptor opened);

    /// <summary>Where the memory starts in the file that <see cref="OpenForImporter"/> gives; added to the offset of every segment.</summary>
    public virtual long OffsetInFile => 0;

    /// <summary>Frees what is still the host's. Safe to call more than once.</summary>
    public abstract void Dispose();

    /// <summary>Its buffer was released, and nobody in the host has the object any more. Not called where somebody may have it.</summary>
    public virtual void End()
    {
    }

    /// <summary>New memory begins, which belongs to no buffer.</summary>
    protected void Begin(long length, long pageSize)
    {
        (Length, PageSize) = (length, pageSize);
        Volatile.Write(ref _claimed, 0);
    }

    /// <summary>A device that data goes to only reads.</summary>
    protected static FileAccessMode AccessFor(DataDirection direction) =>
        direction == DataDirection.ToDevice ? FileAccessMode.ReadOnly : FileAccessMode.ReadWrite;

    protected static HeapException Gone() => new(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap gave out memory that it had disposed");

    /// <summary>Opens what an importer showed, for that importer.</summary>
    protected static void OpenShown(DataDirection direction, SafeHandle shown, ReusableDescriptor opened)
    {
        var (mode, isAll) = ShownAccess.For(direction, shown);
        // What it has already it gets once more: no need to open that anew, which costs as much as the rest of a map.
        if (isAll) Duplicate(shown, opened, "duplicating a buffer's descriptor");
        else Reopen(shown, mode, opened);
    }

    protected static void Duplicate(SafeHandle file, ReusableDescriptor duplicate, string doing)
    {
        var errno = DescriptorFlags.TryDuplicate(file, duplicate);
        if (errno != Errno.None) throw SystemRefusal.From(errno, doing);
    }

    protected static void Reopen(SafeHandle file, FileAccessMode mode, ReusableDescriptor reopened)
    {
        var errno = DescriptorReopen.TryOpen(file, mode, closeOnExec: true, reopened);
        if (errno != Errno.None) throw NotOpened(errno);
    }

    /// <summary>Opens it for the heap.</summary>
    protected static SafeFileHandle Reopen(SafeHandle file)
    {
        var errno = DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, out var reopened);
        return errno == Errno.None ? reopened : throw NotOpened(errno);
    }

    private static HeapException NotOpened(Errno errno) => SystemRefusal.From(errno, "opening a buffer's memory again");
}

/// <summary>The file a client sees of a buffer.</summary>
/// <param name="File">Not yet open to anybody else.</param>
/// <param name="IsOpaque">True when it only stands for the buffer: it is opened write-only whatever was asked for, and its mode becomes 0000.</param>
internal readonly record struct ShownFile(ReusableDescriptor File, bool IsOpaque)
{
    /// <summary>The file's watch, where it has one already; else 0.</summary>
    public int Watch { get; init; }

    /// <summary>Whether <see cref="File"/>, which reads and writes and is nobody's yet, may be a client's as it is: to open it anew costs as much as a fourth of the rest.</summary>
    public bool MayBeClients { get; init; }
}
