namespace DmaHeap.Hosting.Heaps;

/// <summary>How often each of a few causes occurred. Thread-safe; looking at them leaves nothing on the managed heap.</summary>
internal sealed class CauseCounts
{
    private readonly Lock _lock = new();
    private readonly List<(string Cause, long Count)> _counts = [];

    /// <summary>Counts a cause; past a number of different ones, together with others.</summary>
    public void Count(string cause, int mostDifferent, string others)
    {
        lock (_lock) Add(_counts.Count < mostDifferent || IndexOf(cause) >= 0 ? cause : others, 1);
    }

    /// <summary>Adds these counts to those of another, which nobody else has.</summary>
    public void AddTo(CauseCounts sum)
    {
        lock (_lock)
        {
            foreach (var (cause, count) in _counts) sum.Add(cause, count);
        }
    }

    public void Clear() => _counts.Clear();

    /// <summary>The most frequent first. For an object that nobody else has.</summary>
    public List<(string Cause, long Count)> Sorted()
    {
        _counts.Sort(static (a, b) => b.Count.CompareTo(a.Count));
        return _counts;
    }

    public IReadOnlyList<KeyValuePair<string, long>> ToList()
    {
        lock (_lock) return [.. _counts.OrderByDescending(entry => entry.Count).Select(entry => KeyValuePair.Create(entry.Cause, entry.Count))];
    }

    private void Add(string cause, long count)
    {
        var at = IndexOf(cause);
        if (at < 0) _counts.Add((cause, count));
        else _counts[at] = (cause, _counts[at].Count + count);
    }

    private int IndexOf(string cause)
    {
        for (var i = 0; i < _counts.Count; i++)
        {
            if (_counts[i].Cause == cause) return i;
        }

        return -1;
    }
}
