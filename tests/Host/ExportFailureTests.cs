using DmaHeap.Hosting.Allocation;
using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>Whatever fails after a heap returned a buffer, the heap gets it back once and nothing stays behind.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ExportFailureTests
{
    // The kernel's own word of the buffer's end races with the undoing: each step fails often enough to lose that race.
    private const int Attempts = 200;

    [Theory]
    [InlineData(nameof(AllocationStep.Allocated))]
    [InlineData(nameof(AllocationStep.Watched))]
    [InlineData(nameof(AllocationStep.Opened))]
    [InlineData(nameof(AllocationStep.Exported))]
    public void A_failure_after_the_heap_allocated_releases_the_buffer_exactly_once(string step)
    {
        using var host = new TestHost();
        host.Allocate().Dispose();
        host.AssertNothingIsHeld();
        var (files, queues) = (Descriptors.Count("/memfd:"), host.Heap.Released.Count);

        host.Probe.Failing = Enum.Parse<AllocationStep>(step);
        for (var i = 0; i < Attempts; i++) Assert.Equal(HeapErrno.InputOutput, host.Refused().Errno);
        host.Probe.Failing = null;
        host.Allocate().Dispose(); // the events of all those before it were read when its own comes

        host.AssertNothingIsHeld();
        var released = host.Heap.Released.Skip(queues).ToArray();
        Assert.Equal(Attempts + 1, released.Length);
        Assert.Equal(released.Length, released.Select(release => release.Buffer).Distinct().Count());
        Assert.All(released[..Attempts], release => Assert.Equal(ReleaseReason.ExportFailed, release.Reason));
        Assert.Equal(files, Descriptors.Count("/memfd:"));
        Assert.Equal(0, OwnWatches());
    }

    [Fact]
    public void A_failure_before_the_heap_was_asked_calls_it_not_at_all()
    {
        using var host = new TestHost();
        host.Probe.Failing = AllocationStep.Admitted;
        Assert.Equal(HeapErrno.InputOutput, host.Refused().Errno);
        Assert.Empty(host.Heap.Allocated);
        Assert.Empty(host.Heap.Released);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void All_or_nothing_gives_back_the_buffers_made_before_the_one_that_failed()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var made = 0;
        host.Heap.OnAllocate = (request, _) => ++made < 5 ? new HeapBuffer(host.Heap.Pages(request.Length)) : throw new HeapException(HeapErrno.NoMemory, HeapCause.Exhausted, "four are all");
        using var reply = client.Ask(Support.Messages.Allocate(client.NextId(), "plain", 4096, count: 10));
        Assert.Equal((HeapErrno.NoMemory, HeapCause.Exhausted), (reply.Error().Errno, reply.Error().Cause));
        host.AssertNothingIsHeld();
        Assert.Equal([ReleaseReason.ExportFailed, ReleaseReason.ExportFailed, ReleaseReason.ExportFailed, ReleaseReason.ExportFailed], host.Heap.Released.Select(release => release.Reason));
    }

    [Fact]
    public void A_buffer_over_memory_of_nobody_is_refused_and_given_back()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (_, _) => new HeapBuffer(new ForeignMemory());
        var refusal = host.Refused();
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        Assert.Single(host.Heap.Released);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_buffer_handed_out_twice_is_refused_and_the_first_lives_on()
    {
        using var host = new TestHost();
        HeapBuffer? only = null;
        host.Heap.OnAllocate = (request, _) => only ??= new HeapBuffer(host.Heap.Pages(request.Length));
        using (host.Allocate())
        {
            Assert.Equal(HeapCause.HeapFault, host.Refused().Cause);
            Assert.Equal(1, host.Host.LiveBuffers);
            Assert.Empty(host.Heap.Released);
        }

        host.AssertNothingIsHeld();
        Assert.Single(host.Heap.Released);
    }

    [Fact]
    public void A_buffer_that_is_too_short_or_null_is_a_fault_of_the_heap()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (_, _) => new HeapBuffer(host.Heap.Pages(4096));
        Assert.Equal(HeapCause.HeapFault, host.Refused(1 << 20).Cause);
        Assert.Single(host.Heap.Released);
        host.Heap.OnAllocate = (_, _) => null!;
        Assert.Equal(HeapCause.HeapFault, host.Refused().Cause);
        Assert.Single(host.Heap.Released);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void What_a_heap_throws_in_Allocate_and_Release_stays_its_own_affair()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (_, _) => throw new InvalidOperationException("out of order");
        var refusal = host.Refused();
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        Assert.Contains("out of order", refusal.Message);

        host.Heap.OnAllocate = null;
        host.Heap.OnRelease = _ => throw new InvalidOperationException("never mind");
        host.Allocate().Dispose();
        host.AssertNothingIsHeld();
        Assert.Single(host.Heap.Released);
        Assert.Contains(host.Log, line => line.StartsWith("12: ", StringComparison.Ordinal) && line.Contains("Release"));
    }

    private static int OwnWatches() => Directory.GetFiles("/proc/self/fdinfo").Sum(file =>
    {
        try { return File.ReadLines(file).Count(line => line.StartsWith("inotify wd:", StringComparison.Ordinal) && line.Contains("mask:400")); }
        catch (IOException) { return 0; }
    });

    private sealed class ForeignMemory : IHeapMemory
    {
        public long Length => 4096;

        public long PageSize => 4096;

        public MemoryKind Kind => MemoryKind.Pages;

        public Microsoft.Win32.SafeHandles.SafeFileHandle OpenDescriptor() => throw new NotSupportedException();

        public void Dispose() => throw new InvalidOperationException("a foreign Dispose that throws");
    }
}
