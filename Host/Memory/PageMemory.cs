using System.Runtime.InteropServices;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>Zeroed pages in a memfd of <see cref="PageFiles"/>. Once it was shown the host keeps no descriptor of it.</summary>
/// <remarks>One object for many memories in turn, as far as only the host had it: see <see cref="Keep"/>.</remarks>
/// <param name="home">Where the object goes when its memory has ended; null for nowhere.</param>
internal sealed class PageMemory(Spares<PageMemory>? home = null) : HostMemory
{
    private readonly ReusableDescriptor _file = new(); // also the lock of what follows: it may be closed, and hold another file, while somebody opens it
    private BufferWatches? _watches;
    private HeapBuffer? _plain;
    private SafeHandle? _shown; // only during an op
    private long _mappedPageSize;
    private PageFill _fill;
    private int _watch;
    private bool _isOpenedAnew; // the kernel does not count the description that memfd_create made as a writer: a write lease would tell that nobody writes through it
    private bool _wasShown;
    private bool _isKept;

    /// <summary>Its file, the memory's from now on. For whoever makes one, until <see cref="Begin"/>.</summary>
    public ReusableDescriptor File => _file;

    /// <summary>The file is there.</summary>
    /// <param name="file">What it is.</param>
    /// <param name="watches">Where it is watched already; null where it is not.</param>
    /// <param name="watch">The watch reserved there. The description is not the one that memfd_create made, then.</param>
    public void Begin(in PageFile file, BufferWatches? watches = null, int watch = 0)
    {
        Begin(file.Length, file.PageSize);
        (_mappedPageSize, _fill, _watches, _watch, _isOpenedAnew) = (file.MappedPageSize, file.Fill, watches, watch, watch != 0);
        (Ticket, WasUsed, _wasShown) = (null, false, false);
    }

    /// <summary>Where it may go when it is given back; null where it ends with its last reference.</summary>
    public RecycleTicket? Ticket { get; set; }

    /// <summary>Whether it was a buffer before: then it is for the ticket's domain alone.</summary>
    public bool WasUsed { get; set; }

    public override MemoryKind Kind => MemoryKind.Pages;

    public override long MappedPageSize => _mappedPageSize;

    public override bool IsResident => _fill == PageFill.Zeroed;

    public override MemoryPayer Payer => _fill == PageFill.Lazy ? MemoryPayer.Toucher : MemoryPayer.Host;

    /// <summary>A buffer over it that has nothing of its own; always the same.</summary>
    public HeapBuffer Plain => _plain ??= new HeapBuffer(this);

    /// <summary>A heap has it in hand, and may have it still when its memory has ended: the object is not used again.</summary>
    public PageMemory Keep()
    {
        _isKept = true;
        return this;
    }

    public override ShownFile TakeShownFile(MmapPolicy policy, string name)
    {
        lock (_file)
        {
            if (policy == MmapPolicy.Refused)
            {
                GiveUpWatch(); // what is watched then is the file that stands for it
                return OpaqueMemory.CreateShownFile(Length, name);
            }

            if (!HasFile) throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap returned memory that was handed out or disposed before");
            _wasShown = true;
            var shown = new ShownFile(_file, IsOpaque: false) { Watch = _watch, MayBeClients = _isOpenedAnew || Ticket is null };
            _watch = 0;
            return shown;
        }
    }

    public override void Show(SafeHandle? descriptor)
    {
        lock (_file) _shown = descriptor;
    }

    public override SafeFileHandle OpenDescriptor()
    {
        lock (_file)
        {
            if (HasFile) return Reopen(_file);
            if (_wasShown && _shown is { } shown) return Reopen(shown);
        }

        throw new HeapException(HeapErrno.NotSupported, HeapCause.UnknownBuffer, "the memory was handed out, and the host has a descriptor of it only during an op for which one was shown");
    }

    public override void OpenForImporter(DataDirection direction, SafeHandle? shown, ReusableDescriptor opened)
    {
        lock (_file)
        {
            if (HasFile)
            {
                Reopen(_file, AccessFor(direction), opened);
                return;
            }

            if (shown is null || !_wasShown) throw Gone();
        }

        OpenShown(direction, shown, opened);
    }

    public override void Dispose()
    {
        lock (_file)
        {
            if (_wasShown) return;
            GiveUpWatch();
            _file.Clear();
        }
    }

    public override void End()
    {
        if (!_isKept) home?.Add(this);
    }

    // Not from the moment it was shown: whoever shows it has the file then, and closes it.
    private bool HasFile => !_wasShown && !_file.IsInvalid;

    private void GiveUpWatch()
    {
        if (_watch == 0) return;
        _watches!.GiveUp(_watch);
        _watch = 0;
    }
}
