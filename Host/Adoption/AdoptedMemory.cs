using System.Runtime.InteropServices;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Adoption;

/// <summary>Pages that a host before this one handed out. This one never had a descriptor of them beyond those it is shown.</summary>
internal sealed class AdoptedMemory(long length, long pageSize) : HostMemory(length, pageSize)
{
    private readonly Lock _showing = new();
    private SafeHandle? _shown;

    public override MemoryKind Kind => MemoryKind.Pages;

    public override ShownFile TakeShownFile(MmapPolicy policy, string name) =>
        throw new HeapException(HeapErrno.InputOutput, HeapCause.UnknownBuffer, "an adopted buffer was handed out before");

    public override void Show(SafeHandle? descriptor)
    {
        lock (_showing) _shown = descriptor;
    }

    public override SafeFileHandle OpenDescriptor()
    {
        lock (_showing)
        {
            return _shown is { } shown
                ? Reopen(shown)
                : throw new HeapException(HeapErrno.NotSupported, HeapCause.UnknownBuffer, "the host has a descriptor of an adopted buffer only during an op for which one was shown");
        }
    }

    public override void OpenForImporter(DataDirection direction, SafeHandle? shown, ReusableDescriptor opened) => OpenShown(direction, shown ?? throw Gone(), opened);

    public override void Dispose()
    {
        // Nothing of it was ever the host's.
    }
}
