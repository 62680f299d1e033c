using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory.Recycling;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>Zeroed pages in a memfd of <see cref="PageFiles"/>. Once it was shown the host keeps no descriptor of it.</summary>
internal sealed class PageMemory : HostMemory
{
    private SafeFileHandle? _file;
    private WatchReservation? _watch;
    private volatile bool _wasShown;

    /// <param name="file">Its file; the memory's from now on.</param>
    /// <param name="watch">The file's, where it is watched already and nobody but a client shall have this description of it; null where the file is the host's own.</param>
    public PageMemory(in PageFile file, WatchReservation? watch = null)
        : base(file.Length, file.PageSize)
    {
        _file = file.File;
        _watch = watch;
        MappedPageSize = file.MappedPageSize;
        IsResident = file.Fill == PageFill.Zeroed;
        Payer = file.Fill == PageFill.Lazy ? MemoryPayer.Toucher : MemoryPayer.Host;
    }

    /// <summary>Where it may go when it is given back; null where it ends with its last reference.</summary>
    public RecycleTicket? Ticket { get; set; }

    /// <summary>Whether it was a buffer before: then it is for the ticket's domain alone.</summary>
    public bool WasUsed { get; init; }

    public override MemoryKind Kind => MemoryKind.Pages;

    public override long MappedPageSize { get; }

    public override bool IsResident { get; }

    public override MemoryPayer Payer { get; }

    public override ShownFile TakeShownFile(MmapPolicy policy, string name)
    {
        if (policy == MmapPolicy.Refused)
        {
            Interlocked.Exchange(ref _watch, null)?.Dispose(); // what is watched then is the file that stands for it
            return OpaqueMemory.CreateShownFile(Length, name);
        }

        var file = Interlocked.Exchange(ref _file, null)
            ?? throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap returned memory that was handed out or disposed before");
        _wasShown = true;
        return new ShownFile(file, IsOpaque: false) { Watch = Interlocked.Exchange(ref _watch, null) };
    }

    public override SafeFileHandle OpenDescriptor()
    {
        if (Volatile.Read(ref _file) is { } file) return Reopen(file);
        if (_wasShown && Shown is { } shown) return Reopen(shown);
        throw new HeapException(HeapErrno.NotSupported, HeapCause.UnknownBuffer, "the memory was handed out, and the host has a descriptor of it only during an op for which one was shown");
    }

    public override SafeFileHandle OpenForImporter(DataDirection direction, SafeFileHandle? shown)
    {
        if (Volatile.Read(ref _file) is { } file) return Reopen(file, AccessFor(direction));
        if (shown is null || !_wasShown) throw Gone();
        return OpenShown(direction, shown);
    }

    public override void Dispose()
    {
        Interlocked.Exchange(ref _watch, null)?.Dispose();
        Interlocked.Exchange(ref _file, null)?.Dispose();
    }
}
