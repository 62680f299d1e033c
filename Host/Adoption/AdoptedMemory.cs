using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Adoption;

/// <summary>Pages that a host before this one handed out. This one never had a descriptor of them beyond those it is shown.</summary>
internal sealed class AdoptedMemory(long length, long pageSize) : HostMemory(length, pageSize)
{
    public override MemoryKind Kind => MemoryKind.Pages;

    public override ShownFile TakeShownFile(MmapPolicy policy, string name) =>
        throw new HeapException(HeapErrno.InputOutput, HeapCause.UnknownBuffer, "an adopted buffer was handed out before");

    public override SafeFileHandle OpenDescriptor() => Shown is { } shown
        ? Reopen(shown)
        : throw new HeapException(HeapErrno.NotSupported, HeapCause.UnknownBuffer, "the host has a descriptor of an adopted buffer only during an op for which one was shown");

    public override SafeFileHandle OpenForImporter(DataDirection direction, SafeFileHandle? shown) =>
        shown is null ? throw Gone() : OpenShown(direction, shown);

    public override void Dispose()
    {
        // Nothing of it was ever the host's.
    }
}
