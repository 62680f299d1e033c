using System.Runtime.InteropServices;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>A range of a heap's region. Clients see a stand-in, as of opaque memory; an importer whom the heap lets have it gets the whole file, opened for it alone.</summary>
internal sealed class RangeMemory(MemoryRegion region, long offset, long length) : HostMemory(length, region.PageSize)
{
    private readonly long _offset = offset;
    private MemoryRegion? _region = region;

    public override MemoryKind Kind => MemoryKind.Range;

    public override long OffsetInFile { get; } = region.InFile(offset);

    public override ShownFile TakeShownFile(MmapPolicy policy, string name) => OpaqueMemory.CreateShownFile(Length, name);

    public override SafeFileHandle OpenDescriptor() => throw new HeapException(
        HeapErrno.NotSupported, HeapCause.AccessDenied, "a range of a region has no descriptor of its own");

    public override void OpenForImporter(DataDirection direction, SafeHandle? shown, ReusableDescriptor opened) =>
        (Volatile.Read(ref _region) ?? throw Gone()).OpenFile(AccessFor(direction), opened);

    public override void Dispose() => Interlocked.Exchange(ref _region, null)?.Return(_offset);
}
