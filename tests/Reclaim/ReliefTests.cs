using DmaHeap.Hosting;

namespace DmaHeap.Tests.Reclaim;

/// <summary>What happens before an allocation fails for want of something that could be given back.</summary>
public sealed class ReliefTests
{
    [Theory]
    [InlineData(HeapErrno.NoMemory, HeapCause.NoHugePages, true)]
    [InlineData(HeapErrno.NoMemory, HeapCause.System, true)]
    [InlineData(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, true)]
    [InlineData(HeapErrno.NoSpace, HeapCause.NoWatches, true)]
    [InlineData(HeapErrno.NoMemory, HeapCause.HeapLimit, false)]
    [InlineData(HeapErrno.NoMemory, HeapCause.UserLimit, false)]
    [InlineData(HeapErrno.NoMemory, HeapCause.LargerThanHeap, false)]
    [InlineData(HeapErrno.Invalid, HeapCause.BadRequest, false)]
    [InlineData(HeapErrno.InputOutput, HeapCause.HeapFault, false)]
    public void A_shortage_has_everybody_asked_and_the_allocation_tried_once_more_and_another_refusal_does_not(HeapErrno errno, string cause, bool helps)
    {
        using var hoards = new Hoards("a", "other");
        hoards["other"].Hoard = 1 << 20;
        var tries = 0;
        hoards["a"].OnAllocate = request => ++tries == 1
            ? throw new HeapException(errno, cause, "scripted")
            : new HeapBuffer(hoards["a"].Context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

        if (helps) hoards.Host.Allocate(8192, "a").Dispose();
        else Assert.Equal(cause, hoards.Host.Refused(8192, "a").Cause);

        Assert.Equal((helps ? 2 : 1, helps ? 1 : 0), (tries, hoards.Asked.Count));
        hoards.Host.AssertNothingIsHeld("a");
    }

    [Fact]
    public void What_only_the_heap_itself_can_free_only_that_heap_is_asked_for()
    {
        using var hoards = new Hoards("a", "other");
        (hoards["a"].Hoard, hoards["other"].Hoard) = (1 << 20, 1 << 20);
        hoards["a"].OnAllocate = request => hoards["a"].Hoard == 1 << 20
            ? throw new HeapException(HeapErrno.NoMemory, HeapCause.Fragmented, "scripted")
            : new HeapBuffer(hoards["a"].Context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

        hoards.Host.Allocate(8192, "a").Dispose();

        Assert.Equal(["a 8192"], hoards.Asked);
    }

    [Fact]
    public void It_is_tried_once_more_and_no_oftener_and_not_at_all_when_nobody_gave_anything()
    {
        using var hoards = new Hoards("a", "other");
        var tries = 0;
        hoards["a"].OnAllocate = _ =>
        {
            tries++;
            throw new HeapException(HeapErrno.NoMemory, HeapCause.System, "scripted");
        };
        hoards.Host.Refused(8192, "a");
        Assert.Equal(1, tries);

        hoards["other"].Hoard = 1 << 20;
        hoards.Host.Refused(8192, "a");
        Assert.Equal(3, tries);
        Assert.Equal(2, hoards.Host.Host.Statistics("a").Failures);
        hoards.Host.AssertNothingIsHeld("a");
    }

    [Fact]
    public void More_than_the_machine_has_left_is_asked_for_before_it_is_refused()
    {
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 4096;
        hoards["a"].OnAllocate = request => new HeapBuffer(hoards["a"].Context.Memory.AllocatePages(new PageRequest { Length = 1L << 50, Commit = CommitPolicy.Committed }));

        Assert.Equal(HeapCause.NoHeadroom, hoards.Host.Refused(4096, "a").Cause);

        // Within the heap the host's own memory alone is asked, and there is none; so it is the allocation that asks, for what it is short of itself: nothing.
        Assert.Empty(hoards.Asked);
    }

    [Fact]
    public void From_within_a_heap_no_heap_is_asked()
    {
        using var hoards = new Hoards("a", "other");
        (hoards["a"].Hoard, hoards["other"].Hoard) = (1 << 20, 1 << 20);
        hoards.Reclaimer.Add(new FakePool("pools", hoards.Asked, 1L << 51));
        var within = 0;
        hoards["a"].OnAllocate = _ =>
        {
            try
            {
                return new HeapBuffer(hoards["a"].Context.Memory.AllocatePages(new PageRequest { Length = 1L << 50, Commit = CommitPolicy.Committed }));
            }
            catch (HeapException)
            {
                within = hoards.Asked.Count;
                throw new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, "enough");
            }
        };

        hoards.Host.Refused(4096, "a");

        Assert.Equal(1, within);
        Assert.StartsWith("pools ", Assert.Single(hoards.Asked), StringComparison.Ordinal);
    }

    [Fact]
    public void A_heap_that_has_no_room_to_start_is_told_so()
    {
        var starting = new HeapDefinition
        {
            Name = "greedy",
            Create = context =>
            {
                context.Memory.AllocatePages(new PageRequest { Length = 1L << 50, Commit = CommitPolicy.Committed });
                throw new InvalidOperationException("there is no machine of this size");
            },
        };
        var refusal = Assert.Throws<HeapStartException>(() => new DmaHeap.Tests.Host.TestHost(options => options with { Heaps = [starting] }));
        Assert.Contains("cannot be committed", refusal.Message);
    }

    [Fact]
    public void What_could_not_be_enough_is_not_given_for_nothing()
    {
        using var hoards = new Hoards("a");
        hoards.Reclaimer.Add(new FakePool("pools", hoards.Asked, 1L << 49));
        hoards["a"].OnAllocate = _ => new HeapBuffer(hoards["a"].Context.Memory.AllocatePages(new PageRequest { Length = 1L << 50, Commit = CommitPolicy.Committed }));

        Assert.Equal(HeapCause.NoHeadroom, hoards.Host.Refused(4096, "a").Cause);

        Assert.Empty(hoards.Asked);
    }

    [Fact]
    public void Who_lacks_huge_pages_is_given_no_small_ones()
    {
        using var hoards = new Hoards("a");
        hoards.Reclaimer.Add(new FakePool("small", hoards.Asked, 1 << 22));
        hoards.Reclaimer.Add(new FakePool("huge", hoards.Asked, 1 << 22) { HasHugePages = true });
        hoards["a"].OnAllocate = _ => throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages, "scripted");

        hoards.Host.Refused(2 << 20, "a");

        Assert.Equal([$"huge {2 << 20}"], hoards.Asked);
    }

    [Fact]
    public void A_refusal_of_plain_pages_needs_no_help()
    {
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 1 << 20;
        hoards.Host.Allocate(8192, "a").Dispose();
        Assert.Empty(hoards.Asked);
        Assert.Equal(0, hoards.Reclaimer.Totals.Times);
    }
}
