using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Host;

namespace DmaHeap.Tests.Isolation;

/// <summary>What a worker may say of memory that it was promised, and what nobody promises it.</summary>
public sealed class WorkerMemoryTests
{
    private const long Length = 8192;

    private readonly FakeMemoryService _service = new();
    private readonly WorkerMemory _memory = new();

    [Fact]
    public void A_promise_ends_with_its_call_whatever_a_worker_says_of_it_later()
    {
        var promise = Promise()!.Value;
        _memory.EndPromise(promise);
        _memory.KeepPromise(promise);
        Assert.Throws<WireException>(() => _memory.Find(promise));
        Assert.Throws<WireException>(() => _memory.TakeForBuffer(promise));
        Assert.Empty(_service.PageRequests);
    }

    [Fact]
    public void A_promise_is_one_piece_of_memory_and_one_buffers()
    {
        var promise = Promise()!.Value;
        var made = _memory.TakeForBuffer(promise);
        Assert.Same(made, _memory.Find(promise));
        Assert.Throws<WireException>(() => _memory.TakeForBuffer(promise));
        _memory.Dispose(promise);
        _memory.EndPromise(promise);
        Assert.Equal((1, 1), (_service.Living, _service.PageRequests.Count));
    }

    [Fact]
    public void What_a_heap_keeps_of_promises_counts_to_what_it_may_have_without_a_buffer()
    {
        const int Most = 4096;
        for (var i = 0; i < Most; i++)
        {
            _memory.ThrowIfFull();
            var promise = Promise()!.Value;
            _memory.KeepPromise(promise);
            _memory.EndPromise(promise);
        }

        Assert.Null(Promise());
        Assert.Equal(HeapErrno.TooManyOpenFiles, Assert.Throws<HeapException>(_memory.ThrowIfFull).Errno);
        _memory.Dispose(1);
        _memory.TakeForBuffer(2); // a buffer's counts no more
        Assert.NotNull(Promise());
        Assert.NotNull(Promise());
        Assert.Null(Promise());
    }

    [Fact]
    public void Memory_that_is_made_while_its_worker_ends_is_left_to_nobody()
    {
        var promise = Promise()!.Value;
        _service.Entered = _memory.End;
        Assert.Throws<WireException>(() => _memory.TakeForBuffer(promise));
        Assert.Equal((1, 0), (_service.PageRequests.Count, _service.Living));
        Assert.Null(Promise());
    }

    [Theory]
    [InlineData(HeapPages.Machine, Length, true)]
    [InlineData(HeapPages.Auto, Length, true)]
    [InlineData(HeapPages.Auto, 4L << 20, false)]
    [InlineData(HeapPages.Huge, Length, false)]
    public void Only_the_machines_own_pages_are_promised(HeapPages pages, long length, bool isPromised)
    {
        var service = TestMemory.Service();
        service.Redefine(new HeapDefinition { Name = "test", Create = _ => throw new NotSupportedException(), Pages = pages });
        Assert.Equal(isPromised, PromisedPages.For(new AllocationRequest { Length = length }, service) is not null);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_length_that_cannot_be_had_is_refused_by_whom_the_heap_asks(long length) => Assert.Null(PromisedPages.For(new AllocationRequest { Length = length }, _service));

    private ulong? Promise() => _memory.TryPromise(PromisedPages.For(new AllocationRequest { Length = Length }, _service)!);
}
