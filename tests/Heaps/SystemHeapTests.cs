using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class SystemHeapTests
{
    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_the_heap_without_options()
    {
        Assert.Null(Declaration(typeof(SystemHeap)).Options);
        Assert.Equal(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled, Capabilities(typeof(SystemHeap)));
    }

    [Theory]
    [InlineData(4096, CommitPolicy.Lazy)]
    [InlineData(8 << 20, CommitPolicy.Committed)]
    public void A_buffer_is_pages_of_the_length_and_commit_policy_asked_for(long length, CommitPolicy commit)
    {
        using var heap = new SystemHeap(_context);
        var buffer = heap.Allocate(length, commit);

        Assert.Equal((length, MemoryKind.Pages, MmapPolicy.Allowed), (buffer.Length, buffer.Memory.Kind, buffer.MmapPolicy));
        var request = Assert.Single(_context.Memory.PageRequests);
        Assert.Equal((length, 0L, commit), (request.Length, request.PageSize, request.Commit));
    }

    [Fact]
    public void A_refusal_of_the_memory_service_passes_through()
    {
        using var heap = new SystemHeap(_context);
        var refusal = new HeapException(HeapErrno.NoMemory, HeapCause.NoHeadroom, "no room");
        _context.Memory.Failure = refusal;

        Assert.Same(refusal, Assert.Throws<HeapException>(() => heap.Allocate(4096)));
    }
}
