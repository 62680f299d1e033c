using System.Collections.Concurrent;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Counts refusals by what was refused and why. Thread-safe.</summary>
internal sealed class RefusalCounts : IRefusalLog
{
    private const int MostKinds = 256;

    private readonly ConcurrentDictionary<(string Call, string Heap, Errno Errno, string Cause), (string Sentence, long Count)> _counts = [];

    /// <summary>What was refused, in no order.</summary>
    public IReadOnlyList<RefusalSummary> Summaries =>
        [.. _counts.Select(entry => new RefusalSummary(entry.Key.Call, entry.Key.Heap, entry.Key.Errno, entry.Key.Cause, entry.Value.Sentence, entry.Value.Count))];

    public void Refused(string call, string heap, in BackendAnswer answer, CallerIdentity caller)
    {
        var key = (call, heap, answer.Errno, answer.Cause ?? "");
        if (_counts.Count >= MostKinds && !_counts.ContainsKey(key)) return;
        _counts.AddOrUpdate(
            key, static (_, sentence) => (sentence, 1), static (_, known, sentence) => (sentence, known.Count + 1), answer.Sentence ?? "");
    }
}
