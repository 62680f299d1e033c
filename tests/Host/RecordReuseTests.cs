using System.Collections.Concurrent;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>The objects of a released buffer are those of the next one, unless somebody may have them still.</summary>
public sealed class RecordReuseTests
{
    private readonly ConcurrentQueue<HeapBuffer> _made = new();

    [Fact]
    public void What_nobody_else_had_is_used_again()
    {
        using var host = Host();
        using var client = host.Connect();
        Eventually.True(() => IsUsedAgain(host, () => client.Allocate("same").Dispose()), "a client's is not");
        Eventually.True(() => IsUsedAgain(host, () => host.Allocate(heap: "same").Dispose()), "the program's own is not");
    }

    [Theory]
    [InlineData("described", true)]
    [InlineData("named", true)]
    [InlineData("identified", true)]
    [InlineData("listed", false)]
    [InlineData("counted", false)]
    [InlineData("attached", false)]
    [InlineData("synced", false)]
    public void What_may_be_known_elsewhere_is_not(string how, bool isUsedAgain)
    {
        using var host = Host();
        using var client = host.Connect();
        if (isUsedAgain) Eventually.True(() => IsUsedAgain(host, Use), "it is not");
        else Assert.False(IsUsedAgain(host, Use));

        void Use()
        {
            using var buffer = client.Allocate("same");
            switch (how)
            {
                case "described":
                    client.Ask(Messages.Describe(client.NextId()), buffer).As<DescribeReply>();
                    break;
                case "named":
                    client.Ask(Messages.SetName(client.NextId(), "frame"), buffer).As<DoneReply>();
                    break;
                case "identified":
                    Assert.NotNull(host.Host.Identify(buffer));
                    break;
                case "listed":
                    Assert.Single(client.Ask(Messages.ListBuffers(client.NextId())).Entries<BufferEntry>());
                    break;
                case "counted":
                    Assert.Single(host.Host.Core.Table.Snapshot());
                    break;
                case "attached":
                    client.Ask(Messages.Attach(client.NextId(), 1), buffer).As<DoneReply>();
                    client.Ask(Messages.Detach(client.NextId(), 1)).As<DoneReply>();
                    break;
                default:
                    host.Host.BeginCpuAccess(buffer, DataDirection.ToDevice, TestHost.Us);
                    host.Host.EndCpuAccess(buffer, DataDirection.ToDevice, TestHost.Us);
                    break;
            }
        }
    }

    [Fact]
    public void A_heap_that_took_its_memory_itself_may_keep_it()
    {
        using var host = new TestHost();
        host.Allocate().Dispose();
        host.AssertNothingIsHeld();
        var kept = host.Heap.Allocated.Single().Memory;
        using var next = host.Allocate();
        Assert.NotSame(kept, host.Heap.Allocated.Last().Memory);
        kept.Dispose(); // once more, which does nothing to anybody
        Assert.Throws<HeapException>(kept.OpenDescriptor);
        Assert.NotNull(host.Host.Identify(next.Handle));
    }

    // Each buffer has a name that says its length: whatever mixes two up shows one with another's.
    [Fact]
    public async Task A_buffer_is_never_seen_with_what_was_anothers()
    {
        const int Rounds = 4000;
        using var host = Host();
        Task[] clients = [.. Enumerable.Range(1, 3).Select(number => Task.Run(() => ComeAndGo(host, number, Rounds)))];
        var (seen, next) = (0, 0);
        using var client = host.Connect();
        while (!Task.WhenAll(clients).IsCompleted)
        {
            if (!SpinWait.SpinUntil(() => _made.Count >= next, 100)) continue; // what is listed is not used again
            next = _made.Count + 50;
            foreach (var buffer in client.Ask(Messages.ListBuffers(client.NextId())).Entries<BufferEntry>())
            {
                Assert.Equal($"{buffer.Length}", TextField.Read(buffer.Name));
                seen++;
            }
        }

        await Task.WhenAll(clients);
        Assert.True(seen > 0, "no buffer was ever listed");
        Assert.True(_made.Distinct(ReferenceEqualityComparer.Instance).Count() < _made.Count / 2, "objects were hardly used again");
        host.AssertNothingIsHeld("same");
    }

    // The watch's thread, a client that is refused and the recycler's thread all take note of what has gone and release it, each what the other has noted.
    [Fact]
    public async Task A_buffer_that_can_be_found_is_not_released_yet()
    {
        const int Batches = 100, Each = 50;
        using var host = Host();
        var core = host.Host.Core;
        using var done = new CancellationTokenSource();
        var (seen, released) = (0L, 0L);
        Task[] others = [Task.Factory.StartNew(WorkOff, TaskCreationOptions.LongRunning), Task.Factory.StartNew(Look, TaskCreationOptions.LongRunning)];
        for (var i = 0; i < Batches && Interlocked.Read(ref released) == 0; i++)
        {
            var buffers = Enumerable.Range(0, Each).Select(_ => host.Allocate(heap: "same")).ToArray();
            foreach (var buffer in buffers) buffer.Dispose();
            core.Watch.TryCatchUp(core.Watch.Progress, TimeSpan.Zero);
        }

        await done.CancelAsync();
        await Task.WhenAll(others);
        Assert.True(seen > 0, "no buffer was ever found");
        Assert.Equal(0, released);
        host.AssertNothingIsHeld("same");

        void WorkOff()
        {
            while (!done.IsCancellationRequested) core.Releaser.WorkOff();
        }

        // What is noted has time to be released while nobody can take it out of the table.
        void Look()
        {
            while (!done.IsCancellationRequested)
            {
                var isFirst = true;
                core.Table.Next(0, new BufferRecord[1], 0, (record, _) =>
                {
                    if (isFirst) SpinWait.SpinUntil(() => core.Releaser.Pending == 0, 1);
                    isFirst = false;
                    seen++;
                    if (record.State == BufferState.Released || record.Heap is null) Interlocked.Increment(ref released);
                    return false; // what is found is not used again
                });
            }
        }
    }

    private static void ComeAndGo(TestHost host, int number, int rounds)
    {
        using var client = host.Connect();
        for (var i = 0; i < rounds; i++)
        {
            var length = (ulong)((i + number) % 5 + 1) * 4096;
            using var made = client.Ask(Messages.Allocate(client.NextId(), "same", length, name: $"{length}"));
            Assert.Equal(length, made.As<AllocateReply>().Length);
            if (i % 3 != 0) continue;
            var buffer = client.Ask(Messages.Describe(client.NextId()), made.Descriptors).As<DescribeReply>().Buffer;
            Assert.Equal(($"{length}", length), (TextField.Read(buffer.Name), buffer.Length));
        }
    }

    private TestHost Host() => new(options => options with
    {
        Heaps = [.. options.Heaps, new HeapDefinition { Name = "same", Create = context => new PlainHeap(context, _made) }],
    });

    // Who served the client may still be about to let go of the buffer when it has been released: then the next one is made of others.
    private bool IsUsedAgain(TestHost host, Action allocate)
    {
        allocate();
        host.AssertNothingIsHeld("same");
        var first = _made.Last();
        host.Allocate(heap: "same").Dispose();
        host.AssertNothingIsHeld("same");
        return ReferenceEquals(first, _made.Last());
    }

    private sealed class PlainHeap(IHeapContext context, ConcurrentQueue<HeapBuffer> made) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
        {
            var buffer = context.Memory.AllocateBuffer(new PageRequest { Length = request.Length });
            made.Enqueue(buffer);
            return buffer;
        }
    }
}
