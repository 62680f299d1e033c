// The examples of docs/ops.md, as they stand there; the tests try each.
namespace DmaHeap.Tests.Docs.OpsExamples;

public sealed class GuardedBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    private const uint Video = 44;

    public override BufferAttachment Attach(in AttachRequest request)
    {
        if (!request.Importer.IsInGroup(Video))
            throw new HeapException(HeapErrno.NotPermitted, HeapCause.AccessDenied, $"user {request.Importer.UserId} is not in group {Video}");
        return base.Attach(in request); // checks the constraints
    }
}

public sealed class NumberedAttachment(in AttachRequest request, int number) : BufferAttachment(in request)
{
    public int Number => number;
}

public sealed class NumberedBuffer(IHeapMemory memory, Action<int> freed) : HeapBuffer(memory)
{
    private int _last;

    public override BufferAttachment Attach(in AttachRequest request)
    {
        request.Constraints.ThrowIfNotMetBy(Memory);
        return new NumberedAttachment(in request, ++_last);
    }

    public override void Detach(BufferAttachment attachment) => freed(((NumberedAttachment)attachment).Number);
}

public sealed class LateBuffer(IHeapMemory stand, IHeapMemoryService service) : HeapBuffer(stand)
{
    private IHeapMemory? _pages;

    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        _pages ??= service.AllocatePages(new PageRequest { Length = Length }); // only now, and then for every importer
        return MemorySegment.Cut(_pages, attachment.Constraints.SegmentStep(_pages));
    }

    public void DisposePages() => _pages?.Dispose(); // the heap's Release calls it
}

public sealed class FlushedBuffer(IHeapMemory memory, Action flush) : HeapBuffer(memory)
{
    public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction)
    {
        if (direction != DataDirection.ToDevice) flush(); // the device may have written
    }
}

public sealed class MirroredBuffer(IHeapMemory memory, Action<DataDirection> fetch, Action<DataDirection> store) : HeapBuffer(memory)
{
    public override void BeginCpuAccess(in CpuAccess access)
    {
        if (access.Direction != DataDirection.ToDevice) fetch(access.Direction); // the CPU is going to read
    }

    public override void EndCpuAccess(in CpuAccess access)
    {
        if (access.Direction != DataDirection.FromDevice) store(access.Direction); // the CPU has written
    }
}

public sealed class HandsOffBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    public override MmapPolicy MmapPolicy => MmapPolicy.Refused; // only importers see the memory
}

public sealed class PeekedBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    private int _looking;

    public override MemorySegment Vmap()
    {
        _looking++;
        return new MemorySegment(Memory, 0, Length); // opaque memory would refuse: base.Vmap() does
    }

    public override void Vunmap(MemorySegment mapping) => _looking--;

    public bool IsLookedAt => _looking > 0;
}
