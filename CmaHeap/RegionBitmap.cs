using System.Numerics;

namespace DmaHeap.Heaps;

/// <summary>
/// Which pages of a region are taken, and the kernel's way to choose among the free ones (<c>cma_alloc</c>): first fit, at a multiple of the size rounded up to
/// a power of two, but of no more than a given alignment. Counts in pages. Not safe from several threads.
/// </summary>
internal sealed class RegionBitmap
{
    private const int BitsPerWord = 64;

    // A set bit is a taken page. The bits behind the last page are set for ever, so that no search needs to look where the region ends.
    private readonly ulong[] _words;
    private readonly int _largestAlignment;

    /// <param name="pages">Pages of the region; positive.</param>
    /// <param name="largestAlignment">No range is aligned to more pages than this; a power of two.</param>
    public RegionBitmap(int pages, int largestAlignment)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        if (!BitOperations.IsPow2(largestAlignment)) throw new ArgumentOutOfRangeException(nameof(largestAlignment));
        Pages = FreePages = pages;
        _largestAlignment = largestAlignment;
        _words = new ulong[((pages - 1) / BitsPerWord) + 1];
        if (pages % BitsPerWord != 0) _words[^1] = ulong.MaxValue << (pages % BitsPerWord);
    }

    public int Pages { get; }

    public int FreePages { get; private set; }

    /// <summary>Where a range of this many pages may start: at multiples of the result.</summary>
    public int AlignmentOf(int pages) => (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)pages), (uint)_largestAlignment);

    /// <summary>Takes the first free range that is long enough and aligned.</summary>
    /// <returns>False when there is none; then nothing changed.</returns>
    public bool TryAllocate(int pages, out int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        offset = 0;
        if (pages > FreePages) return false;
        var alignment = AlignmentOf(pages);
        while (true)
        {
            var start = ((long)Find(taken: false, offset, Pages) + alignment - 1) & -alignment;
            if (start > Pages - pages) return false;
            offset = (int)start;
            var obstacle = Find(taken: true, offset, offset + pages);
            if (obstacle == offset + pages) break;
            offset = obstacle + 1;
        }

        Mark(offset, pages, taken: true);
        FreePages -= pages;
        return true;
    }

    /// <summary>Takes a given range.</summary>
    /// <exception cref="InvalidOperationException">Part of it is taken; nothing changed.</exception>
    public void Take(int offset, int pages)
    {
        ThrowIfOutside(offset, pages);
        if (Find(taken: true, offset, offset + pages) != offset + pages) throw new InvalidOperationException("a page was taken twice");
        Mark(offset, pages, taken: true);
        FreePages -= pages;
    }

    /// <summary>Gives a range back.</summary>
    /// <exception cref="InvalidOperationException">Part of it is not taken; nothing changed.</exception>
    public void Free(int offset, int pages)
    {
        ThrowIfOutside(offset, pages);
        if (Find(taken: false, offset, offset + pages) != offset + pages) throw new InvalidOperationException("a page was freed that is not taken");
        Mark(offset, pages, taken: false);
        FreePages += pages;
    }

    /// <summary>Pages of the longest free range.</summary>
    public int LargestRun()
    {
        var largest = 0;
        for (var start = Find(taken: false, 0, Pages); start < Pages;)
        {
            var end = Find(taken: true, start, Pages);
            largest = Math.Max(largest, end - start);
            start = Find(taken: false, end, Pages);
        }

        return largest;
    }

    private void ThrowIfOutside(int offset, int pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pages, Pages - offset);
    }

    /// <summary>The first page in [from, to) that is taken or free, as asked; <paramref name="to"/> when there is none.</summary>
    private int Find(bool taken, int from, int to)
    {
        var invert = taken ? 0 : ulong.MaxValue;
        var mask = ulong.MaxValue << (from % BitsPerWord);
        for (var page = from - (from % BitsPerWord); page < to; page += BitsPerWord)
        {
            var hits = (_words[page / BitsPerWord] ^ invert) & mask;
            if (hits != 0) return Math.Min(page + BitOperations.TrailingZeroCount(hits), to);
            mask = ulong.MaxValue;
        }

        return to;
    }

    private void Mark(int offset, int pages, bool taken)
    {
        while (pages > 0)
        {
            var bit = offset % BitsPerWord;
            var count = Math.Min(pages, BitsPerWord - bit);
            var mask = (ulong.MaxValue >> (BitsPerWord - count)) << bit;
            if (taken) _words[offset / BitsPerWord] |= mask;
            else _words[offset / BitsPerWord] &= ~mask;
            offset += count;
            pages -= count;
        }
    }
}
