namespace DmaHeap.Heaps;

/// <summary>
/// The heap's region: hands out ranges of pages and explains when it cannot. Safe from any thread; the lock is held only while bits are looked at or changed.
/// </summary>
internal sealed class Region
{
    /// <summary>The kernel aligns to no more than 2^CONFIG_CMA_ALIGNMENT pages: 1 MiB with its defaults.</summary>
    private const long LargestAlignment = 1L << 20;

    private readonly Lock _lock = new();
    private readonly RegionBitmap _bitmap;
    private readonly long _pageSize;

    /// <param name="capacity">Bytes; a positive multiple of the page size.</param>
    /// <param name="pageSize">Bytes; a power of two.</param>
    public Region(long capacity, long pageSize)
    {
        _bitmap = new RegionBitmap(checked((int)(capacity / pageSize)), (int)Math.Max(1, LargestAlignment / pageSize));
        _pageSize = pageSize;
        Capacity = capacity;
    }

    public long Capacity { get; }

    /// <summary>Takes a range for so many bytes, rounded up to whole pages.</summary>
    /// <exception cref="HeapException">
    /// ENOMEM: <see cref="HeapCause.LargerThanHeap"/>, <see cref="HeapCause.Exhausted"/> or <see cref="HeapCause.Fragmented"/>.
    /// </exception>
    public RegionRange Reserve(long length)
    {
        var pages = ((length - 1) / _pageSize) + 1;
        if (pages > _bitmap.Pages) throw RegionShortage.LargerThan(_bitmap.Pages, _pageSize, length);
        HeapException refusal;
        lock (_lock)
        {
            if (_bitmap.TryAllocate((int)pages, out var offset)) return new RegionRange(offset, (int)pages);
            refusal = RegionShortage.Of(_bitmap, _pageSize, length, (int)pages);
        }

        throw refusal;
    }

    /// <summary>Gives a range back.</summary>
    public void Return(RegionRange range)
    {
        lock (_lock) _bitmap.Free(range.Offset, range.Pages);
    }

    public HeapGauges ReadGauges()
    {
        lock (_lock)
        {
            return new HeapGauges { Capacity = Capacity, Free = _bitmap.FreePages * _pageSize, LargestRun = _bitmap.LargestRun() * _pageSize };
        }
    }
}
