using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class SecureHeapTests
{
    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_a_heap_of_unmappable_buffers_without_options()
    {
        Assert.Null(Declaration(typeof(SecureHeap)).Options);
        Assert.Equal(HeapCapabilities.Unmappable, Capabilities(typeof(SecureHeap)));
    }

    [Fact]
    public void Without_secret_memory_the_heap_does_not_start_and_passes_on_why()
    {
        _context.Memory.Capabilities = _context.Memory.Capabilities with { SecretMemory = false, SecretMemoryReason = "the kernel is too old" };

        var refusal = Refuses(() => new SecureHeap(_context), HeapErrno.NoDevice, HeapCause.NoSecretMemory);

        Assert.Contains("the kernel is too old", refusal.Message);
    }

    [Fact]
    public void A_buffer_is_opaque_with_secret_memory_behind_it_and_refuses_every_way_in()
    {
        using var heap = new SecureHeap(_context);
        var buffer = heap.Allocate(64 << 10);

        var request = Assert.Single(_context.Memory.OpaqueRequests);
        Assert.Equal((64L << 10, OpaqueBacking.Secret), (request.Length, request.Backing));
        Assert.Equal((64L << 10, MmapPolicy.Refused), (buffer.Length, buffer.MmapPolicy));
        var attachment = buffer.Attach(new AttachRequest());
        Refuses(() => buffer.Map(attachment, DataDirection.FromDevice), HeapErrno.NotPermitted, HeapCause.AccessDenied);
        Refuses(() => buffer.Vmap(), HeapErrno.NotSupported, HeapCause.AccessDenied);
    }

    [Fact]
    public void A_refusal_of_the_memory_service_passes_through()
    {
        using var heap = new SecureHeap(_context);
        var refusal = new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, "no descriptor left");
        _context.Memory.Failure = refusal;

        Assert.Same(refusal, Assert.Throws<HeapException>(() => heap.Allocate(4096)));
    }
}
