using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Heaps;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>
/// Asks for memory, in this order, until there is enough: the host's own, which costs least to make again; then the heaps that implement
/// <see cref="IShrinker"/>, in the order of the configuration; then heaps that were replaced and drain. Thread-safe. No lock is held while a heap is asked.
/// </summary>
/// <param name="heaps">The heaps there are, in that order.</param>
/// <param name="time">The host's clock.</param>
/// <param name="log">For who gave what.</param>
internal sealed class Reclaimer(Func<IEnumerable<HeapSlot>> heaps, TimeProvider time, ILogger log)
{
    private readonly Lock _lock = new();
    private readonly ConditionalWeakTable<IReclaimable, OwnSource> _sources = [];
    private Func<IEnumerable<IReclaimable>>[] _own = [];
    private int _underWay;
    private volatile bool _stopping;

    /// <summary>What was given so far.</summary>
    public ReclaimTotals Totals { get; } = new();

    /// <summary>Whether there is anybody to ask: memory of the host's own that could be given back, or a heap that may have some.</summary>
    public bool HasSources => Own.Any(memory => memory.Count() > 0) || heaps().Any(slot => slot.Shrinker.MayHave);

    private IEnumerable<IReclaimable> Own => Volatile.Read(ref _own).SelectMany(each => each());

    /// <summary>Adds memory of the host's own, asked after what was added before.</summary>
    public void Add(IReclaimable memory) => Add(() => [memory]);

    /// <summary>Adds memory of the host's own, asked after what was added before.</summary>
    /// <param name="memory">All there is of it now, in the order to ask in.</param>
    public void Add(Func<IEnumerable<IReclaimable>> memory)
    {
        lock (_lock) Volatile.Write(ref _own, [.. _own, memory]);
    }

    /// <summary>Asks nobody any more, and waits for those who are being asked, but not for one that hangs: after this heaps are disposed.</summary>
    public void Stop(TimeSpan patience)
    {
        _stopping = true;
        SpinWait.SpinUntil(() => Volatile.Read(ref _underWay) == 0, patience);
    }

    /// <summary>Asks until a number of bytes was given.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="bytes">Bytes; positive.</param>
    /// <param name="scope">Whom.</param>
    public ReclaimReport Take(ReclaimReason reason, long bytes, ReclaimScope scope) => Run(reason, bytes, given => bytes - given, scope);

    /// <summary>Asks until nothing is missing any more, by a measure of the caller's own rather than by the word of those asked.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="missing">Measures how many bytes are missing now.</param>
    /// <param name="scope">Whom.</param>
    public ReclaimReport Until(ReclaimReason reason, Func<long> missing, ReclaimScope scope) => Run(reason, missing(), _ => missing(), scope);

    /// <summary>Whether all there is could come to a number of bytes. What heaps have is not known before they are asked.</summary>
    public bool CouldGive(long bytes, ReclaimScope scope) =>
        Heaps(scope).Any(slot => slot.Shrinker.MayHave) || Own.Where(memory => scope.Has(memory)).Sum(memory => memory.Count()) >= bytes;

    /// <summary>Asks each for a share of what it has, where what is missing is no bytes.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="parts">A quarter is 4.</param>
    /// <param name="scope">Whom.</param>
    public ReclaimReport Share(ReclaimReason reason, int parts, ReclaimScope scope)
    {
        var at = time.GetUtcNow();
        List<ReclaimStep> steps = [];
        foreach (var source in Sources(scope)) Ask(source, count => Math.Max(1, count / parts), steps);
        return Told(new ReclaimReport(at, reason, steps.Sum(step => step.Wanted), steps));
    }

    private void Ask(ReclaimSource source, Func<long, long> wanted, List<ReclaimStep> steps)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            if (!_stopping && source.MayHave && source.Ask(wanted) is { } step) steps.Add(step);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private ReclaimReport Run(ReclaimReason reason, long wanted, Func<long, long> missing, ReclaimScope scope)
    {
        var at = time.GetUtcNow();
        List<ReclaimStep> steps = [];
        var left = wanted;
        foreach (var source in Sources(scope))
        {
            if (left <= 0) break;
            var now = left;
            Ask(source, _ => now, steps);
            left = missing(steps.Sum(step => step.Given));
        }

        return Told(new ReclaimReport(at, reason, wanted, steps));
    }

    private IEnumerable<ReclaimSource> Sources(ReclaimScope scope) =>
        Own.Where(memory => scope.Has(memory)).Select(SourceOf).Concat<ReclaimSource>(Heaps(scope).Select(slot => slot.Shrinker));

    // Not looked at for nothing: while the first heaps start there are none.
    private IEnumerable<HeapSlot> Heaps(ReclaimScope scope) => scope.WithHeaps ? heaps().Where(slot => scope.Has(slot)) : [];

    private OwnSource SourceOf(IReclaimable memory) => _sources.GetValue(memory, own => new OwnSource(own, time, log));

    private ReclaimReport Told(ReclaimReport report)
    {
        if (report.Steps.Count == 0)
        {
            HostLog.NothingToReclaim(log, report.Reason);
            return report;
        }

        Totals.Add(report);
        HostLog.Reclaimed(log, new ByteSize(report.Given).ToText(), report.Wanted == long.MaxValue ? "all there is" : new ByteSize(report.Wanted).ToText(), report.Reason, report.ToString());
        return report;
    }
}
