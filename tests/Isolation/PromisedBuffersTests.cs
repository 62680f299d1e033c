using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>Memory that a heap in a worker took without asking is a host's as any other: its bytes, its pools, its end.</summary>
public sealed class PromisedBuffersTests : IDisposable
{
    private const string Heap = "promised"; // its files are told from other tests' by it

    private readonly IsolatedHeaps _heaps = new($$""" "{{Heap}}": { "plugin": "TakingPlugin", "isolation": "process", "opTimeout": "2s", "pool": {} } """);

    public void Dispose() => _heaps.Dispose();

    [Theory]
    [InlineData("open", 0x42)]
    [InlineData("open-elsewhere", 0x43)]
    public void What_the_heap_writes_to_it_before_it_returns_its_buffer_is_there(string name, byte written)
    {
        using (var buffer = _heaps.Allocate(Heap, name: name))
        {
            var bytes = new byte[8192];
            Assert.Equal(bytes.Length, RandomAccess.Read(buffer.Handle, bytes, 0));
            Assert.Equal((written, -1), (bytes[0], bytes.AsSpan(1).IndexOfAnyExcept((byte)0)));
        }

        AssertNothingIsLeft(made: 1);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("longer", 1)]
    [InlineData("twice", 1)]
    [InlineData("stock", 1)]
    public void Only_memory_that_is_needed_is_taken_from_the_pool(string name, int made)
    {
        _heaps.Allocate(Heap, name: name).Dispose();
        AssertNothingIsLeft(made);
    }

    [Fact]
    public void Memory_that_is_ready_is_what_a_promise_is_kept_with()
    {
        using var heaps = new IsolatedHeaps(""" "ready": { "plugin": "TakingPlugin", "isolation": "process", "pool": { "min": "64KiB", "sizes": [8192] } } """);
        var slot = heaps.Host.Host.Core.Registry.Find("ready");
        Eventually.True(() => slot.Memory!.Pool.Buffers == 8, "the pool is not filled");
        using var buffer = heaps.Allocate("ready");
        Assert.Equal((1, 0, BufferFlags.Resident), (slot.Statistics.PoolHits, slot.Statistics.PoolMisses, buffer.Flags & BufferFlags.Resident));
        Assert.Equal(8192, slot.Statistics.HostPaidBytes);
    }

    [Theory]
    [InlineData("throw", HeapErrno.InputOutput)]
    [InlineData("refuse", HeapErrno.NoMemory)]
    [InlineData("exit", HeapErrno.InputOutput)]
    [InlineData("disposed", HeapErrno.InputOutput)]
    public void A_call_that_fails_after_it_was_taken_leaves_nothing_and_has_counted_nothing(string name, HeapErrno errno)
    {
        Assert.Equal(errno, _heaps.Refused(Heap, name: name).Errno);
        AssertNothingIsLeft(made: 0);
    }

    [Fact]
    public async Task A_worker_that_is_killed_with_a_promise_in_hand_leaves_nothing()
    {
        var worker = _heaps.Worker(Heap);
        var refused = Task.Run(() => _heaps.Refused(Heap, name: "hang"));
        Eventually.True(() => HasTaken, "it takes nothing");
        IsolatedHeaps.Kill(worker);
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), ((await refused).Errno, (await refused).Cause));
        AssertNothingIsLeft(made: 0);
        _heaps.WaitForAnother(Heap, worker);
        _heaps.Allocate(Heap).Dispose();
        AssertNothingIsLeft(made: 1);
    }

    [Theory]
    [InlineData("wait", true)] // by the heap's own word
    [InlineData("hang", false)] // by the worker's end
    public async Task A_withdrawn_call_leaves_nothing(string name, bool isHeeded)
    {
        var worker = _heaps.Worker(Heap);
        using var withdrawal = new CancellationTokenSource();
        var refused = Task.Run(() => Assert.Throws<HeapException>(() =>
            _heaps.Host.Host.Allocate(new BufferRequest { Heap = Heap, Length = 8192, Name = name, Caller = TestHost.Us }, withdrawal.Token).Dispose()));
        Eventually.True(() => HasTaken, "it takes nothing");
        await withdrawal.CancelAsync();
        Assert.Equal(isHeeded ? HeapErrno.Interrupted : HeapErrno.InputOutput, (await refused).Errno);
        if (!isHeeded) _heaps.WaitForAnother(Heap, worker);
        AssertNothingIsLeft(made: 0);
    }

    [Fact]
    public async Task Threads_that_allocate_at_once_get_each_its_own()
    {
        const int Rounds = 200;
        string[] ways = ["", "twice", "longer", "open"];
        var worker = _heaps.Worker(Heap);
        await Task.WhenAll(ways.Select((name, i) => Task.Factory.StartNew(() => AllocateInTurn(name, (byte)(i + 1)), TaskCreationOptions.LongRunning)));
        Assert.Equal(worker, _heaps.Worker(Heap));
        AssertNothingIsLeft(made: ways.Length * Rounds);

        void AllocateInTurn(string name, byte own)
        {
            var (mine, found) = (new byte[8192], new byte[8192]);
            mine.AsSpan().Fill(own);
            for (var i = 0; i < Rounds; i++)
            {
                using var buffer = _heaps.Allocate(Heap, name: name);
                RandomAccess.Read(buffer.Handle, found, 0);
                Assert.Equal(-1, found.AsSpan(name == "open" ? 1 : 0).IndexOfAnyExcept((byte)0));
                RandomAccess.Write(buffer.Handle, mine, 0);
                Thread.Yield();
                RandomAccess.Read(buffer.Handle, found, 0);
                Assert.Equal(mine, found);
            }
        }
    }

    private bool HasTaken => _heaps.Host.Log.Any(line => line.Contains("took", StringComparison.Ordinal));

    private void AssertNothingIsLeft(int made)
    {
        _heaps.Host.AssertNothingIsHeld(Heap);
        var core = _heaps.Host.Host.Core;
        var pool = core.Registry.Find(Heap).Memory!.Pool;
        Eventually.True(() => core.Watches.Count == pool.Buffers && Descriptors.Count($"/memfd:{Heap}") == pool.Buffers,
            $"{core.Watches.Count} watches and {Descriptors.Count($"/memfd:{Heap}")} descriptors are left beside the {pool.Buffers} of the pool");
        var statistics = core.Registry.Find(Heap).Statistics;
        Assert.Equal(made, statistics.PoolHits + statistics.PoolMisses);
    }
}
