using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>What was given back since the host started, by source, and the last time. Thread-safe.</summary>
internal sealed class ReclaimTotals
{
    private readonly ConcurrentDictionary<string, long> _bySource = new(StringComparer.Ordinal);
    private volatile ReclaimReport? _last;
    private long _times;

    /// <summary>The last report in which somebody gave something, or failed to.</summary>
    public ReclaimReport? Last => _last;

    /// <summary>How many of them there were.</summary>
    public long Times => Interlocked.Read(ref _times);

    /// <summary>Bytes, by the name of the source.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> BySource => [.. _bySource.OrderBy(pair => pair.Key, StringComparer.Ordinal)];

    public long Of(string source) => _bySource.GetValueOrDefault(source);

    public void Add(ReclaimReport report)
    {
        foreach (var step in report.Steps) _bySource.AddOrUpdate(step.Source, step.Given, (_, before) => before + step.Given);
        Interlocked.Increment(ref _times);
        _last = report;
    }
}
