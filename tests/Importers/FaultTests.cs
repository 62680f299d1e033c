using DmaHeap.Hosting;
using DmaHeap.Hosting.Ops;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using static DmaHeap.Tests.Importers.OrderTests;

namespace DmaHeap.Tests.Importers;

/// <summary>A buffer class that throws, lies or does not come back: an errno for who asked, a line in the log, and nobody else notices.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class FaultTests
{
    /// <summary>The ops, with what brings a client to each.</summary>
    public static TheoryData<string> Ops => ["Attach", "Map", "Unmap", "Detach", "Vmap", "Vunmap", "BeginCpuAccess", "EndCpuAccess"];

    [Theory]
    [MemberData(nameof(Ops))]
    public void An_op_that_throws_is_an_errno_for_its_caller_and_leaves_the_buffer_consistent(string op)
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using (var client = host.Connect())
        {
            using var descriptor = client.Allocate();
            buffer().On[op] = () => throw new InvalidOperationException("a fault put in");
            var failed = Walk(client, descriptor);
            Assert.Equal(op, failed.Op);
            Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (failed.Refusal!.Errno, failed.Refusal.Cause));
            Assert.Contains(host.Log, line => line.StartsWith("12: ", StringComparison.Ordinal) && line.Contains(op, StringComparison.Ordinal));
            buffer().On.Clear();
            Assert.Null(Walk(client, descriptor, first: 100).Refusal); // from the start, as if nothing had been
            Assert.Equal(op is "Attach" or "Detach" ? 0u : 1u, Describe(client, descriptor).Attachments); // what came before the fault stands
        }

        host.AssertNothingIsHeld();
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
        AssertPaired([.. buffer().Calls], op);
    }

    [Theory]
    [MemberData(nameof(Ops))]
    public async Task An_op_that_does_not_come_back_faults_its_heap_and_holds_up_nobody_else(string op)
    {
        ScriptedHeap stuck = null!;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "stuck", OpTimeout = TimeSpan.FromMilliseconds(300), Create = context => stuck = new ScriptedHeap(context) }],
        });
        using var gate = new ManualResetEventSlim();
        var buffer = ScriptedBuffer.Install(stuck);
        using (var other = host.Connect())
        using (var client = host.Connect())
        using (var waiting = host.Connect())
        {
            using var descriptor = client.Allocate("stuck");
            buffer().On[op] = () => gate.Wait();
            var walk = Task.Run(() => Walk(client, descriptor));
            Eventually.True(() => buffer().Calls.Contains(op), "the op was not reached");
            waiting.Send(Messages.Attach(9, 9), descriptor); // it comes behind the op that is stuck
            for (var i = 0; i < 20; i++) other.Allocate().Dispose();

            var failed = await walk.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            Assert.Equal(op, failed.Op);
            Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (failed.Refusal!.Errno, failed.Refusal.Cause));
            Assert.Contains($"does not come back from {op}", failed.Refusal.Sentence);
            using (var reply = waiting.Receive()) Assert.Equal(HeapCause.HeapFault, reply.Error().Cause);
            Refused(waiting, Messages.Attach(waiting.NextId(), 1), HeapErrno.InputOutput, HeapCause.HeapFault, descriptor);
            Refused(waiting, Messages.Allocate(waiting.NextId(), "stuck", 4096), HeapErrno.InputOutput, HeapCause.HeapFault);
            var entry = other.Ask(Messages.ListHeaps(other.NextId())).Entries<HeapEntry>().Single(heap => TextField.Read(heap.Name) == "stuck");
            Assert.Equal(HeapState.Faulted, entry.State);
            Assert.Contains("1 of the host's threads", TextField.Read(entry.Reason));
            Assert.Contains(host.Log, line => line.StartsWith("200: ", StringComparison.Ordinal));
            other.Allocate().Dispose();
        }

        Eventually.True(() => host.Host.Core.ImportLimits.Held == 0, "what the clients had is still counted");
        gate.Set();
        var health = host.Host.Core.Registry.Find("stuck").Health;
        Eventually.True(() => health.LostThreads == 0, "the thread that came back is still counted as lost");
        Assert.True(health.IsFaulted);
        host.AssertNothingIsHeld("stuck"); // the release waited for the op, and was not given up
    }

    [Fact]
    public void A_heap_may_take_its_time_within_the_limit()
    {
        ScriptedHeap slow = null!;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "slow", OpTimeout = TimeSpan.FromMinutes(5), Create = context => slow = new ScriptedHeap(context) }],
        });
        var buffer = ScriptedBuffer.Install(slow);
        using var client = host.Connect();
        using var other = host.Connect();
        using var descriptor = client.Allocate("slow");
        using var gate = new ManualResetEventSlim();
        buffer().On["Map"] = () => gate.Wait();
        Done(client, Messages.Attach(client.NextId(), 1), descriptor);
        client.Send(Messages.Map(77, 1));
        for (var i = 0; i < 20; i++) other.Allocate().Dispose();
        gate.Set();
        using var reply = client.Receive();
        Assert.Equal(1u, reply.As<MapReply>().Count);
        Assert.False(host.Host.Core.Registry.Find("slow").Health.IsFaulted);
    }

    [Fact]
    public void An_mmap_policy_that_throws_fails_its_allocation()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (request, _) => new UndecidedBuffer(host.Heap.Pages(request.Length));
        using var client = host.Connect();
        Refused(client, Messages.Allocate(client.NextId(), "plain", 4096), HeapErrno.InputOutput, HeapCause.HeapFault);
        host.AssertNothingIsHeld();
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public void An_mmap_policy_that_does_not_come_back_is_an_errno_for_who_allocates_and_the_late_outcome_is_undone(uint count)
    {
        ScriptedHeap stuck = null!;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "stuck", OpTimeout = TimeSpan.FromMilliseconds(300), Create = context => stuck = new ScriptedHeap(context) }],
        });
        using var gate = new ManualResetEventSlim();
        stuck.OnAllocate = (request, _) => stuck.Allocated.Count + 1 < count ? new HeapBuffer(stuck.Pages(request.Length)) : new UndecidedBuffer(stuck.Pages(request.Length), gate);
        using (var client = host.Connect())
        {
            Refused(client, Messages.Allocate(client.NextId(), "stuck", 4096, count, options: AllocateOptions.AsManyAsFit), HeapErrno.InputOutput, HeapCause.HeapFault);
            client.Allocate().Dispose(); // the same connection goes on
            var entry = client.Ask(Messages.ListHeaps(client.NextId())).Entries<HeapEntry>().Single(heap => TextField.Read(heap.Name) == "stuck");
            Assert.Contains("does not come back from MmapPolicy", TextField.Read(entry.Reason));
            gate.Set();
            host.AssertNothingIsHeld("stuck");
            client.Allocate().Dispose(); // and hears nothing of what came too late
        }

        Assert.Equal((int)count, stuck.Released.Count);
        Assert.All(stuck.Released, released => Assert.Equal(ReleaseReason.ExportFailed, released.Reason));
        Eventually.True(() => host.Host.Core.Registry.Find("stuck").Health.LostThreads == 0, "the thread that came back is still counted as lost");
    }

    [Fact]
    public void What_fails_in_the_host_itself_is_an_errno_and_a_line_in_the_log()
    {
        using var host = new TestHost();
        ScriptedBuffer.Install(host);
        using var exported = host.Allocate();
        var importer = host.Host.Core.NewImporter(TestHost.Us, () => throw new InvalidOperationException("a fault put in"));
        var reply = new WaitingReply();
        importer.Attach(1, host.Host.Core.Find(exported.Handle), DmaHeapHost.Duplicate(exported.Handle), new AttachConstraints(), DataDirection.Bidirectional, new OpAsker(reply));
        Assert.Equal((HeapErrno.InputOutput, HeapCause.System), Assert.Throws<HeapException>(() => reply.Wait()) is { } refusal ? (refusal.Errno, refusal.Cause) : default);
        Assert.Contains(host.Log, line => line.StartsWith("204: ", StringComparison.Ordinal));
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("beyond")]
    [InlineData("negative")]
    [InlineData("overflowing")]
    [InlineData("empty")]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("another buffer's")]
    [InlineData("too long")]
    [InlineData("too many")]
    [InlineData("disposed")]
    public void Segments_that_cannot_be_are_the_heaps_fault_and_unmapped(string lie)
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var other = client.Allocate();
        var another = buffer().Memory;
        using var descriptor = client.Allocate(length: 8192);
        var memory = buffer().Memory;
        buffer().Segments = () => lie switch
        {
            "short" => [new(memory, 0, 4096)],
            "beyond" => [new(memory, 4096, 8192)],
            "negative" => [new(memory, -4096, 8192)],
            "overflowing" => [new(memory, long.MaxValue, long.MaxValue)],
            "empty" => [new(memory, 0, 0), new(memory, 0, 8192)],
            "none" => [],
            "foreign" => [new(new NoMemory(), 0, 8192)],
            "another buffer's" => [new(another, 0, 4096), new(memory, 0, 8192)],
            "too many" => [new(memory, 0, 4096), new(memory, 4096, 4096), new(memory, 0, 4096)],
            "disposed" => [new(Disposed(host.Heap.Pages(8192)), 0, 8192)],
            _ => [new(memory, 0, 8192)],
        };
        Done(client, Messages.Attach(client.NextId(), 1, maxSegmentBytes: lie == "too long" ? 4096u : 0, maxSegments: lie == "too long" ? 0 : 2u), descriptor);
        Refused(client, Messages.Map(client.NextId(), 1), HeapErrno.InputOutput, HeapCause.HeapFault);
        Assert.Equal(["Attach", "Map", "Unmap"], buffer().Calls);
        buffer().Segments = null;
        if (lie == "too long") return; // its attachment takes shorter ones than this test can tell apart
        client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
    }

    private static IHeapMemory Disposed(IHeapMemory memory)
    {
        memory.Dispose();
        return memory;
    }

    // Calls every op once; stops at the first that is refused.
    private static (string Op, Refusal? Refusal) Walk(RawClient client, Microsoft.Win32.SafeHandles.SafeFileHandle descriptor, ulong first = 1)
    {
        (string Op, Func<Packet> Ask)[] steps =
        [
            ("Attach", () => client.Ask(Messages.Attach(client.NextId(), first), descriptor)),
            ("Map", () => client.Ask(Messages.Map(client.NextId(), first))),
            ("Vmap", () => client.Ask(Messages.Vmap(client.NextId(), first), descriptor)),
            ("BeginCpuAccess", () => client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor)),
            ("EndCpuAccess", () => client.Ask(Messages.CpuAccess(client.NextId(), 5), descriptor)),
            ("Vunmap", () => client.Ask(Messages.Vunmap(client.NextId(), first))),
            ("Unmap", () => client.Ask(Messages.Unmap(client.NextId(), first))),
            ("Detach", () => client.Ask(Messages.Detach(client.NextId(), first))),
        ];
        foreach (var (op, ask) in steps)
        {
            using var reply = ask();
            if (reply.Header.Kind == MessageKind.Error) return (op, reply.Error());
        }

        return ("", null);
    }

    // Whatever was begun with success was ended once.
    private static void AssertPaired(string[] calls, string thrown)
    {
        foreach (var (begin, end) in new[] { ("Attach", "Detach"), ("Map", "Unmap"), ("Vmap", "Vunmap"), ("BeginCpuAccess", "EndCpuAccess") })
        {
            var begun = calls.Count(call => call == begin) - (thrown == begin ? 1 : 0);
            Assert.Equal(begun, calls.Count(call => call == end));
        }
    }

    private sealed class UndecidedBuffer(IHeapMemory memory, ManualResetEventSlim? gate = null) : HeapBuffer(memory)
    {
        public override MmapPolicy MmapPolicy
        {
            get
            {
                if (gate is null) throw new InvalidOperationException();
                gate.Wait();
                return MmapPolicy.Allowed;
            }
        }
    }

    private sealed class NoMemory : IHeapMemory
    {
        public long Length => 8192;

        public long PageSize => 4096;

        public MemoryKind Kind => MemoryKind.Pages;

        public Microsoft.Win32.SafeHandles.SafeFileHandle OpenDescriptor() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
