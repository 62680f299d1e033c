using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Tests.Turnover;

/// <summary>Who gets into a heap that closes, and when the last has left.</summary>
public sealed class SlotUseTests
{
    [Fact]
    public void Who_joins_gets_into_a_closed_slot_only_where_somebody_is_in_and_keeps_it_from_its_end()
    {
        var ends = 0;
        var use = new SlotUse(() => ends++);
        Assert.True(use.TryJoin());
        use.Leave();

        use.Close();
        Assert.False(use.TryJoin() || use.TryEnter());
        use.Reopen();
        Assert.True(use.TryEnter());
        use.Retire();
        Assert.False(use.TryEnter());
        Assert.True(use.TryJoin());
        use.Leave();
        Assert.Equal((0, 1L), (ends, use.Count));
        use.Leave();
        Assert.Equal(1, ends);
        Assert.False(use.TryJoin());
    }

    [Fact]
    public void However_many_come_and_go_the_end_comes_once_and_nobody_joins_after()
    {
        for (var round = 0; round < 200; round++)
        {
            var ended = 0;
            var use = new SlotUse(() => Interlocked.Increment(ref ended));
            var late = 0;
            Parallel.For(0, 8, i =>
            {
                for (var n = 0; n < 20; n++)
                {
                    if (i == 0 && n == 10) use.Retire();
                    if (i % 2 == 0 ? !use.TryEnter() : !use.TryJoin()) continue;
                    if (Volatile.Read(ref ended) != 0) Interlocked.Increment(ref late);
                    use.Leave();
                }
            });
            Assert.Equal((1, 0, 0L), (ended, late, use.Count));
        }
    }
}
