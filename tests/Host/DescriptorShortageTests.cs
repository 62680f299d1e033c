using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>A host without a descriptor to spare: it says so, does nothing hasty, and recovers.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class DescriptorShortageTests
{
    [Fact]
    public void An_allocation_without_descriptors_is_EMFILE_and_the_next_one_with_them_works()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        client.Allocate().Dispose();
        host.AssertNothingIsHeld();
        Packet reply;
        using (new NoDescriptors()) reply = client.Ask(Messages.Allocate(1, "plain", 4096));
        Assert.Equal((HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors), (reply.Error().Errno, reply.Error().Cause));
        host.AssertNothingIsHeld();
        client.Allocate().Dispose();
    }

    [Fact]
    public void Descriptors_that_lie_ready_in_a_pool_serve_a_heap_that_has_none_left()
    {
        using var host = new PooledHost(PooledHost.Fixed(16 * 4096, 4096));
        host.WaitFor(16);
        host.Allocate(heap: "fresh").Dispose();
        using (new NoDescriptors())
        {
            host.Allocate(heap: "fresh").Dispose();
            Assert.Equal(12, host.Pool.Buffers); // inside the heap, a quarter of what lies ready
        }

        var given = Assert.Single(host.Test.Host.Core.Reclaimer.Totals.Last!.Steps);
        Assert.Equal(("pool of plain", 16L * 4096, 4L * 4096), (given.Source, given.Count, given.Given));
        host.Test.AssertNothingIsHeld("fresh");
    }

    [Fact]
    public void Descriptors_of_memory_that_is_ready_are_given_up_before_an_allocation_fails_for_them()
    {
        using var host = new PooledHost(PooledHost.Fixed(16 * 8192, 8192));
        host.WaitFor(16);
        host.Allocate(4096).Dispose(); // the pool is not for it
        host.Test.AssertNothingIsHeld();
        using (new NoDescriptors()) host.Allocate(4096).Dispose();
        Assert.InRange(host.Pool.Buffers, 1, 15);
    }

    [Fact]
    public void An_export_that_runs_out_of_descriptors_half_way_gives_the_buffer_back()
    {
        using var host = new TestHost();
        host.Allocate().Dispose();
        host.AssertNothingIsHeld();
        using (new NoDescriptors(spare: 1)) // the memory's own is the last; who is to read alone gets another
        {
            var request = new BufferRequest { Heap = "plain", Length = 4096, Caller = TestHost.Us, FileFlags = (uint)FileAccessMode.ReadOnly };
            Assert.Equal(HeapErrno.TooManyOpenFiles, Assert.Throws<HeapException>(() => host.Host.Allocate(in request).Dispose()).Errno);
        }

        Assert.Equal(ReleaseReason.ExportFailed, host.Heap.Released.Last().Reason);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_new_client_is_told_and_the_host_does_not_spin_meanwhile()
    {
        using var host = new TestHost();
        host.Connect().Dispose();
        Eventually.True(() => host.Host.Connections == 0, "the first client is still there");
        using (new NoDescriptors(spare: 1))
        using (var client = RawClient.Connect(host.SocketPath)) // takes the one to spare
        {
            var farewell = (client.ReceiveOrEnd() ?? client.Receive()).Error();
            Assert.Equal((HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, true), (farewell.Errno, farewell.Cause, farewell.Fatal));
            Assert.Null(client.ReceiveOrEnd());
            Assert.False(SpinWait.SpinUntil(() => host.Log.Count(line => line.StartsWith("42: ", StringComparison.Ordinal)) > 5, TimeSpan.FromMilliseconds(300)), "the host logs on and on");
        }

        using var late = host.Connect();
        late.Allocate().Dispose();
    }

    /// <summary>Lowers the process's limit of open files to what is open now and a few to spare.</summary>
    private sealed class NoDescriptors : IDisposable
    {
        private readonly ResourceLimit _before = ResourceLimits.Get(LimitedResource.OpenFiles);
        private readonly List<Microsoft.Win32.SafeHandles.SafeFileHandle> _fillers = [];

        public NoDescriptors(int spare = 0)
        {
            // The limit is on numbers, not on how many are open: the gaps below the highest are filled first.
            var highest = Directory.GetFiles("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path)));
            Assert.Equal(Errno.None, ResourceLimits.TrySet(LimitedResource.OpenFiles, _before with { Soft = (ulong)highest + 8 }));
            using var probe = File.OpenHandle("/dev/null");
            while (DescriptorFlags.TryDuplicate(probe, out var filler) == Errno.None) _fillers.Add(filler);
            probe.Dispose();
            for (; spare > 1; spare--)
            {
                _fillers[^1].Dispose();
                _fillers.RemoveAt(_fillers.Count - 1);
            }

            if (spare == 0 && DescriptorFlags.TryDuplicate(_fillers[0], out var last) == Errno.None) _fillers.Add(last);
        }

        public void Dispose()
        {
            foreach (var filler in _fillers) filler.Dispose();
            Assert.Equal(Errno.None, ResourceLimits.TrySet(LimitedResource.OpenFiles, _before));
        }
    }
}
