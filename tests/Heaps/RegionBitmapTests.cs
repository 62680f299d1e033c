using DmaHeap.Heaps;
using FsCheck;
using FsCheck.Fluent;

namespace DmaHeap.Tests.Heaps;

public sealed class RegionBitmapTests
{
    // The seed is fixed, so that a failure comes back; FsCheck shortens the sequence that failed.
    private static readonly Config s_config =
        Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(200).WithEndSize(300).WithReplay(20261122, 7);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Every_state_of_a_small_region_answers_every_length_as_the_naive_model(int largestAlignment)
    {
        const int Pages = 10;
        for (var state = 0; state < 1 << Pages; state++)
        {
            for (var count = 1; count <= Pages; count++)
            {
                var (bitmap, naive) = InState(Pages, largestAlignment, state);
                AssertSame(bitmap, naive);
                Assert.Equal(naive.Allocate(count), bitmap.TryAllocate(count, out var offset) ? offset : -1);
                AssertSame(bitmap, naive);
            }
        }
    }

    // Sizes around the 64 pages of a word.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(63, 256)]
    [InlineData(64, 8)]
    [InlineData(65, 64)]
    [InlineData(200, 16)]
    [InlineData(512, 256)]
    [InlineData(1000, 1)]
    public void Random_sequences_of_allocations_and_frees_go_as_in_the_naive_model(int pages, int largestAlignment)
    {
        Prop.ForAll<int[]>(steps => GoesAsInTheNaiveModel(new RegionBitmap(pages, largestAlignment), new NaiveBitmap(pages, largestAlignment), steps)).Check(s_config);
    }

    [Fact]
    public void The_naive_model_notices_an_allocator_that_does_not_align()
    {
        var failure = Assert.ThrowsAny<Exception>(() =>
            Prop.ForAll<int[]>(steps => GoesAsInTheNaiveModel(new RegionBitmap(200, 1), new NaiveBitmap(200, 16), steps)).Check(s_config));
        Assert.Contains("Falsifiable", failure.Message);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(128, 128)]
    [InlineData(129, 256)]
    [InlineData(256, 256)]
    [InlineData(257, 256)]
    [InlineData(4096, 256)]
    public void A_range_is_aligned_to_its_size_rounded_up_but_to_no_more_than_the_largest_alignment(int pages, int alignment)
    {
        var bitmap = new RegionBitmap(16384, 256);
        Assert.True(bitmap.TryAllocate(1, out _));

        Assert.Equal(alignment, bitmap.AlignmentOf(pages));
        Assert.True(bitmap.TryAllocate(pages, out var offset));
        Assert.Equal(alignment, offset);
    }

    [Fact]
    public void The_largest_alignment_is_a_power_of_two_and_a_region_has_pages()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RegionBitmap(16, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RegionBitmap(0, 1));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 0)]
    [InlineData(99, 2)]
    [InlineData(int.MaxValue, 1)]
    public void A_range_outside_the_region_cannot_be_freed(int offset, int pages)
    {
        var bitmap = new RegionBitmap(100, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap.Free(offset, pages));
        Assert.Equal(100, bitmap.FreePages);
    }

    [Fact]
    public void Freeing_pages_that_are_not_all_taken_is_an_error_that_changes_nothing()
    {
        var bitmap = new RegionBitmap(128, 1);
        Assert.True(bitmap.TryAllocate(70, out var offset));

        Assert.Throws<InvalidOperationException>(() => bitmap.Free(offset, 71));
        Assert.Equal((58, 58), (bitmap.FreePages, bitmap.LargestRun()));
        bitmap.Free(offset, 70);
        Assert.Throws<InvalidOperationException>(() => bitmap.Free(offset, 70));
        Assert.Equal((128, 128), (bitmap.FreePages, bitmap.LargestRun()));
    }

    private static (RegionBitmap Bitmap, NaiveBitmap Naive) InState(int pages, int largestAlignment, int state)
    {
        var bitmap = new RegionBitmap(pages, largestAlignment);
        var naive = new NaiveBitmap(pages, largestAlignment);
        for (var page = 0; page < pages; page++) Assert.True(bitmap.TryAllocate(1, out _));
        for (var page = 0; page < pages; page++)
        {
            var taken = (state >> page & 1) != 0;
            naive.Set(page, 1, taken);
            if (!taken) bitmap.Free(page, 1);
        }

        return (bitmap, naive);
    }

    // An even step allocates, an odd one frees; the rest of the number says how much or which.
    private static bool GoesAsInTheNaiveModel(RegionBitmap bitmap, NaiveBitmap naive, int[] steps)
    {
        var live = new List<(int Offset, int Pages)>();
        foreach (var step in steps)
        {
            var choice = Math.Abs(step / 2);
            if (step % 2 == 0)
            {
                var count = (choice % bitmap.Pages) + 1;
                var expected = naive.Allocate(count);
                if ((bitmap.TryAllocate(count, out var offset) ? offset : -1) != expected) return false;
                if (expected >= 0) live.Add((expected, count));
            }
            else if (live.Count > 0)
            {
                var range = live[choice % live.Count];
                live.Remove(range);
                bitmap.Free(range.Offset, range.Pages);
                naive.Set(range.Offset, range.Pages, false);
            }

            if (bitmap.FreePages != naive.FreePages || bitmap.LargestRun() != naive.LargestRun()) return false;
        }

        return true;
    }

    private static void AssertSame(RegionBitmap bitmap, NaiveBitmap naive) =>
        Assert.Equal((naive.FreePages, naive.LargestRun()), (bitmap.FreePages, bitmap.LargestRun()));
}
