using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Each kind of limit refuses with its own cause, and what is given back can be had again.</summary>
public sealed class LimitTests
{
    private const int Page = 4096;

    [Fact]
    public void The_limit_of_a_heap() => Refuses(new HeapLimits { Total = 4 * Page }, new HostLimits(), HeapCause.HeapLimit);

    [Fact]
    public void The_limit_of_a_user_of_a_heap() => Refuses(new HeapLimits { PerUser = 4 * Page }, new HostLimits(), HeapCause.UserLimit);

    [Fact]
    public void The_limit_of_a_user_of_the_host() => Refuses(new HeapLimits(), new HostLimits { PerUser = 4 * Page }, HeapCause.UserLimit);

    [Fact]
    public void The_limit_of_the_host() => Refuses(new HeapLimits(), new HostLimits { Total = 4 * Page }, HeapCause.HostLimit);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_largest_buffer_of_a_heap_or_the_host(bool ofHeap)
    {
        using var host = new TestHost(
            options => options with { Limits = new HostLimits { LargestBuffer = ofHeap ? long.MaxValue : 2 * Page } },
            new HeapLimits { LargestBuffer = ofHeap ? 2 * Page : long.MaxValue });
        host.Allocate(2 * Page).Dispose();
        var refusal = host.Refused((2 * Page) + 1);
        Assert.Equal((HeapErrno.NoMemory, HeapCause.BufferLimit), (refusal.Errno, refusal.Cause));
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void Who_gave_its_buffer_back_is_not_refused_another_for_it()
    {
        const int Rounds = 100;
        using var host = new TestHost(limits: new HeapLimits { Total = Page });
        var refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            try
            {
                host.Allocate(Page).Dispose();
            }
            catch (HeapException refusal) when (refusal.Cause == HeapCause.HeapLimit)
            {
                refused++;
                Eventually.True(() => host.Host.LiveBuffers == 0, "it is not released");
            }
        }

        // Nobody waits long for a release that does not come, so on a crowded machine some may be refused; without the hurry nearly all would be.
        Assert.InRange(refused, 0, Rounds / 4);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void Nor_is_who_asks_for_it_on_another_connection()
    {
        const int Rounds = 200;
        using var host = new TestHost(limits: new HeapLimits { Total = Page });
        using var one = DmaHeapClient.Connect(host.SocketPath);
        using var other = DmaHeapClient.Connect(host.SocketPath);
        var refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            try
            {
                (i % 2 == 0 ? one : other).Allocate("plain", Page).Dispose();
            }
            catch (DmaHeapException refusal) when (refusal.Cause == HeapCause.HeapLimit)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 0, Rounds / 50); // as above; one in eight where the host's own descriptor is not waited for
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void Nor_is_who_gave_it_back_to_be_recycled()
    {
        const int Rounds = 100;
        using var host = new TestHost(options => options with { Heaps = [options.Heaps[0] with { Recycle = HeapRecycling.Domain }] }, new HeapLimits { Total = Page });
        using var client = DmaHeapClient.Connect(host.SocketPath);
        var (refused, given) = (0, 0);
        for (var i = 0; i < Rounds; i++)
        {
            try
            {
                if (client.Allocate("plain", Page).GiveBack()) given++;
            }
            catch (DmaHeapException refusal) when (refusal.Cause == HeapCause.HeapLimit)
            {
                refused++;
            }
        }

        Assert.InRange(given, Rounds / 2, Rounds);
        Assert.InRange(refused, 0, Rounds / 10); // as above; nearly all where the recycler is not waited for
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void One_users_limit_is_not_anothers()
    {
        const int Everybody = 0b110_110_110;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps.Select(heap => heap with { Limits = new HeapLimits { PerUser = Page }, Access = new AccessRule(Everybody, 0, 0) })],
        });
        using var ours = host.Allocate();
        Assert.Equal(HeapCause.UserLimit, host.Refused().Cause);
        var other = TestHost.Us with { UserId = TestHost.Us.UserId + 1 };
        host.Host.Allocate(new BufferRequest { Heap = "plain", Length = Page, Caller = other }).Dispose();
    }

    [Fact]
    public void A_heap_that_hands_out_more_than_asked_is_charged_for_all_of_it_and_refused_past_the_limit()
    {
        using var host = new TestHost(limits: new HeapLimits { Total = 4 * Page });
        host.Heap.OnAllocate = (request, _) => new HeapBuffer(host.Heap.Pages(request.Length * 4));
        using (host.Allocate())
        {
            Assert.Equal(4 * Page, host.Host.Statistics("plain").Bytes);
            Assert.Equal(HeapCause.HeapLimit, host.Refused().Cause);
        }

        host.AssertNothingIsHeld();
        Assert.Equal(HeapCause.HeapLimit, host.Refused(2 * Page).Cause); // found out only when the heap had allocated
        Assert.Equal(ReleaseReason.ExportFailed, host.Heap.Released.Last().Reason);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void Four_threads_that_allocate_and_free_at_random_end_at_zero_and_never_pass_the_limit()
    {
        const long Limit = 64 * Page;
        using var host = new TestHost(limits: new HeapLimits { Total = Limit });
        var (most, failures) = (0L, 0);
        var threads = Enumerable.Range(0, 4).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            var held = new List<ExportedBuffer>();
            for (var i = 0; i < 2_000; i++)
            {
                if (held.Count > 0 && random.Next(2) == 0)
                {
                    var index = random.Next(held.Count);
                    held[index].Dispose();
                    held.RemoveAt(index);
                    continue;
                }

                try
                {
                    held.Add(host.Allocate((ulong)random.Next(1, 8 * Page)));
                }
                catch (HeapException refusal) when (refusal.Cause == HeapCause.HeapLimit)
                {
                    Interlocked.Increment(ref failures);
                }

                var now = host.Host.Statistics("plain").Bytes;
                if (now > Volatile.Read(ref most)) Volatile.Write(ref most, now);
            }

            foreach (var buffer in held) buffer.Dispose();
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        host.AssertNothingIsHeld();
        Assert.InRange(most, 1, Limit);
        Assert.True(failures > 0, "the limit was never met");
        Assert.Equal(host.Heap.Allocated.Count, host.Heap.Released.Select(release => release.Buffer).Distinct().Count());
        Assert.Equal(host.Heap.Allocated.Count, host.Heap.Released.Count);
    }

    private static void Refuses(HeapLimits heap, HostLimits limits, string cause)
    {
        using var host = new TestHost(options => options with { Limits = limits }, heap);
        using var client = host.Connect();
        using (client.Allocate(length: 3 * Page))
        {
            var refusal = client.Ask(Messages.Allocate(client.NextId(), "plain", 2 * Page)).Error();
            Assert.Equal((HeapErrno.NoMemory, cause), (refusal.Errno, refusal.Cause));
            Assert.Contains("12KiB", refusal.Sentence.Replace(" ", ""));
            client.Allocate(length: Page).Dispose(); // what was refused is charged nowhere
        }

        host.AssertNothingIsHeld();
        client.Allocate(length: 4 * Page).Dispose();
        host.AssertNothingIsHeld();
    }
}
