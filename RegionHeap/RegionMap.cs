namespace DmaHeap.Heaps;

/// <summary>
/// Which pages of a region are free, and for whom: a page that an importer mapped is free only for its trust domain from then on, since the importer may map it
/// still. Safe from any thread; the lock is held only while bits are looked at or changed.
/// </summary>
internal sealed class RegionMap
{
    private const long LargestAlignment = 1L << 20; // as the kernel's CMA has it

    private readonly Lock _lock = new();
    private readonly long _pageSize;

    // What each domain sees as free, by its number; one for all where there is one domain at most, which then needs no marks.
    private readonly RegionBitmap[] _views;
    private readonly byte[] _mappedBy; // a domain for each page, or none
    private int _free;

    /// <param name="pages">Pages of the region.</param>
    /// <param name="pageSize">Bytes; a power of two.</param>
    /// <param name="domains">How many trust domains there are.</param>
    public RegionMap(int pages, long pageSize, int domains)
    {
        _pageSize = pageSize;
        _free = Pages = pages;
        var alignment = (int)Math.Max(1, LargestAlignment / pageSize);
        _views = [.. Enumerable.Range(0, domains <= 1 ? 1 : domains + 1).Select(_ => new RegionBitmap(pages, alignment))];
        _mappedBy = domains <= 1 ? [] : new byte[pages];
    }

    public int Pages { get; }

    /// <summary>Takes a range for so many bytes, rounded up to whole pages.</summary>
    /// <param name="length">Bytes; positive.</param>
    /// <param name="domain">The domain the buffer is for; none: pages that nobody ever mapped.</param>
    /// <exception cref="HeapException">ENOMEM: <see cref="HeapCause.LargerThanHeap"/>, <see cref="HeapCause.Exhausted"/> or <see cref="HeapCause.Fragmented"/>.</exception>
    public RegionRange Reserve(long length, int domain)
    {
        var pages = (length - 1) / _pageSize + 1;
        if (pages > Pages) throw RegionShortage.LargerThan(Pages, _pageSize, length);
        lock (_lock)
        {
            var view = ViewOf(domain);
            if (!view.TryAllocate((int)pages, out var offset)) throw RegionShortage.Of(view, _pageSize, length, (int)pages, KeptForOthers(view));
            var range = new RegionRange(offset, (int)pages);
            foreach (var (run, mappedBy) in Runs(range))
            {
                foreach (var (other, number) in Seeing(mappedBy))
                {
                    if (!ReferenceEquals(other, view)) other.Take(run.Offset, run.Pages);
                }
            }

            _free -= range.Pages;
            return range;
        }
    }

    /// <summary>Gives a range back.</summary>
    /// <param name="range">The range.</param>
    /// <param name="mappedBy">The domain whose importers were given it; none when nobody was.</param>
    public void Return(RegionRange range, int mappedBy)
    {
        lock (_lock)
        {
            if (mappedBy != TrustDomains.None && _mappedBy.Length > 0) Array.Fill(_mappedBy, (byte)mappedBy, range.Offset, range.Pages);
            foreach (var (run, domain) in Runs(range))
            {
                foreach (var (view, _) in Seeing(domain)) view.Free(run.Offset, run.Pages);
            }

            _free += range.Pages;
        }
    }

    /// <summary>Free is all that is not handed out; the longest run is what the domain that sees most could have.</summary>
    public HeapGauges ReadGauges()
    {
        lock (_lock)
        {
            return new HeapGauges { Capacity = Pages * _pageSize, Free = _free * _pageSize, LargestRun = _views.Max(view => view.LargestRun()) * _pageSize };
        }
    }

    private RegionBitmap ViewOf(int domain) => _views.Length == 1 ? _views[0] : _views[domain];

    // The views in which a free page of this mark is free: all for one that nobody mapped.
    private IEnumerable<(RegionBitmap View, int Domain)> Seeing(int mappedBy)
    {
        for (var domain = 0; domain < _views.Length; domain++)
        {
            if (mappedBy == TrustDomains.None || mappedBy == domain) yield return (_views[domain], domain);
        }
    }

    private IEnumerable<(RegionRange Run, int MappedBy)> Runs(RegionRange range)
    {
        if (_mappedBy.Length == 0)
        {
            yield return (range, TrustDomains.None);
            yield break;
        }

        var end = range.Offset + range.Pages;
        for (var start = range.Offset; start < end;)
        {
            var next = start + 1;
            while (next < end && _mappedBy[next] == _mappedBy[start]) next++;
            yield return (new RegionRange(start, next - start), _mappedBy[start]);
            start = next;
        }
    }

    private string KeptForOthers(RegionBitmap view) => _free == view.FreePages
        ? ""
        : $"; {new ByteSize((_free - view.FreePages) * _pageSize).ToText()} more are kept for trust domains that have had them";
}
