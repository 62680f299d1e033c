using DmaHeap.Hosting.Isolation;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>
/// A heap in a worker has the pages it is expected to ask for without asking. Here the host's memory is only described, so that it is seen when it is made, and made to fail;
/// what the heap logs tells how far it has come by then.
/// </summary>
public sealed class PromisedPagesTests : IDisposable
{
    private const long Length = 8192;

    private readonly FakeHeapContext _context = new() { OtherTime = TimeProvider.System };
    private readonly List<string> _whenMade = [];
    private readonly IsolatedHeap _heap;

    public PromisedPagesTests()
    {
        _context.Memory.Entered = () => _whenMade.Add(Logged);
        _heap = new IsolatedHeap(new IsolatedPlugin(Builds.Plugin("TakingPlugin"), "TakingPlugin", "TakingHeap", null, TimeSpan.FromSeconds(10), HasFixedRegion: false), _context);
    }

    [Fact]
    public void Pages_of_the_length_asked_for_are_made_when_the_heap_has_returned_its_buffer()
    {
        for (var i = 1; i <= 3; i++)
        {
            var buffer = Allocate();
            Assert.Equal((Length, 4096L, MemoryKind.Pages, i), (buffer.Memory.Length, buffer.Memory.PageSize, buffer.Memory.Kind, _whenMade.Count));
            Release(buffer);
        }

        Assert.Equal(["took", "took, released, took", "took, released, took, released, took"], _whenMade);
        Assert.All(_context.Memory.PageRequests, made => Assert.Equal((Length, 4096L, CommitPolicy.Lazy), (made.Length, made.PageSize, made.Commit)));
    }

    [Theory]
    [InlineData("SystemHeap", null)]
    [InlineData("CmaHeap", """{ "size": "1MiB" }""")]
    [InlineData("CountingHeap", null)]
    public void Heaps_that_are_shipped_or_shown_as_samples_ask_for_nothing(string name, string? options)
    {
        var context = new FakeHeapContext { OtherTime = TimeProvider.System };
        using var heap = new IsolatedHeap(new IsolatedPlugin(Builds.Plugin(name), name, name, options, TimeSpan.FromSeconds(10), HasFixedRegion: false), context);
        heap.Release(heap.Allocate(new AllocationRequest { Length = Length }, CancellationToken.None), ReleaseReason.LastReferenceGone);
        Assert.Equal((Length, 4096L, CommitPolicy.Lazy), Asked(Assert.Single(context.Memory.PageRequests))); // a heap names no page size
    }

    [Fact]
    public void A_length_that_no_page_ends_at_is_promised_in_whole_pages()
    {
        var buffer = Allocate(length: 5000);
        Assert.Equal((8192L, "took"), (buffer.Memory.Length, Assert.Single(_whenMade)));
        Release(buffer);
    }

    [Theory]
    [InlineData("longer", Length + 4096, CommitPolicy.Lazy)]
    [InlineData("committed", Length, CommitPolicy.Committed)]
    public void Anything_else_is_asked_for_and_what_was_promised_is_never_made(string name, long length, CommitPolicy commit)
    {
        var buffer = Allocate(name);
        Assert.Equal("", Assert.Single(_whenMade)); // before the heap went on
        Assert.Equal((length, 0L, commit), Asked(Assert.Single(_context.Memory.PageRequests)));
        Assert.Equal(length, buffer.Memory.Length);
        Release(buffer);
    }

    [Fact]
    public void Memory_that_is_to_be_there_at_once_is_not_promised()
    {
        Release(Allocate("committed", commit: CommitPolicy.Committed));
        Assert.Equal("", Assert.Single(_whenMade));
    }

    [Fact]
    public void The_second_piece_of_a_call_is_asked_for_and_the_first_is_not_made_where_it_was_disposed()
    {
        var buffer = Allocate("twice");
        Assert.Equal(["took"], _whenMade);
        Assert.Equal((Length, 0L, CommitPolicy.Lazy), Asked(Assert.Single(_context.Memory.PageRequests)));
        Release(buffer);
    }

    [Fact]
    public void What_the_heap_keeps_of_a_promise_is_made_when_it_returns_it_in_another_call()
    {
        var other = Allocate("stock");
        Assert.Equal(["took"], _whenMade);
        var stocked = Allocate("stocked");
        Assert.Equal(["took", "took, took"], _whenMade);
        Assert.NotSame(other.Memory, stocked.Memory);
        Release(other);
        Release(stocked);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3000, false)] // more segments than a message holds: what is still to come is not read to its end
    public void What_the_heap_keeps_of_a_promise_and_importers_cannot_get_is_refused_to_them(int pages, bool goesOn)
    {
        var worker = _heap.ProcessId;
        var buffer = Allocate("map-stock", pages * 4096);
        var attachment = buffer.Attach(new AttachRequest { Importer = Host.TestHost.Us, Constraints = AttachConstraints.None, Direction = DataDirection.Bidirectional });
        _context.Memory.Failure = new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, "there is none left");
        Assert.Equal(HeapCause.NoDescriptors, Assert.Throws<HeapException>(() => buffer.Map(attachment, DataDirection.Bidirectional)).Cause);
        _context.Memory.Failure = null;
        if (goesOn) Assert.Equal(pages, buffer.Map(attachment, DataDirection.Bidirectional).Count);
        else Eventually.True(() => _heap.ProcessId is { } now && now != worker, "no other worker came");
        Release(buffer);
        Release(Allocate());
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("refuse")]
    public void A_heap_that_has_taken_it_and_refuses_has_made_nothing_be_made(string name)
    {
        Assert.ThrowsAny<Exception>(() => Allocate(name));
        Assert.Equal(("took", 0), (Logged, _whenMade.Count));
        Release(Allocate()); // the worker goes on
    }

    [Fact]
    public void A_buffer_over_promised_memory_that_the_heap_disposed_ends_its_worker_as_any_disposed_memory_does()
    {
        var worker = _heap.ProcessId;
        Assert.Contains("has no memory", Assert.Throws<HeapException>(() => Allocate("disposed")).Message, StringComparison.Ordinal);
        Eventually.True(() => _heap.ProcessId is { } now && now != worker, "no other worker came");
        Assert.Empty(_whenMade);
        Release(Allocate());
    }

    [Fact]
    public void A_promise_that_cannot_be_kept_is_taken_back_and_the_heap_asked_again_so_that_it_hears_the_refusal_itself()
    {
        _context.Memory.Failure = new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, "there is none left");
        var refusal = Assert.Throws<HeapException>(() => Allocate());
        Assert.Equal((HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors), (refusal.Errno, refusal.Cause));
        Assert.Equal("took, released, was refused no-descriptors", Logged);
        Assert.Equal(["took", "took, released"], _whenMade);

        _context.Memory.Failure = null;
        Release(Allocate());
    }

    [Fact]
    public void A_promise_that_could_not_be_kept_at_first_costs_the_heap_one_more_call_and_the_client_nothing()
    {
        _context.Memory.Failure = new InvalidOperationException("once");
        _context.Memory.Entered = () => _context.Memory.Failure = _whenMade.Count == 0 ? _context.Memory.Failure : null;
        _context.Memory.Entered += () => _whenMade.Add(Logged);
        var buffer = Allocate();
        Assert.Equal(["took", "took, released"], _whenMade);
        Release(buffer);
    }

    public void Dispose()
    {
        _heap.Dispose();
        Eventually.True(() => _context.Memory.Living == 0, $"{_context.Memory.Living} pieces of memory are left");
    }

    // What the heap did up to now.
    private string Logged => string.Join(", ", _context.Entries.Select(entry => entry.Message));

    private static (long, long, CommitPolicy) Asked(PageRequest request) => (request.Length, request.PageSize, request.Commit);

    private HeapBuffer Allocate(string name = "", long length = Length, CommitPolicy commit = CommitPolicy.Lazy) =>
        _heap.Allocate(new AllocationRequest { Length = length, RequestId = new RequestId(7, 1), HeapFlags = 0, Name = name, Caller = Host.TestHost.Us, Commit = commit }, CancellationToken.None);

    private void Release(HeapBuffer buffer) => _heap.Release(buffer, ReleaseReason.LastReferenceGone);
}
