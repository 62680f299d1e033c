namespace DmaHeap.Hosting.Lifetime;

/// <summary>Watches of files that no buffer has yet: memory made ready, or given back. Thread-safe.</summary>
internal sealed class ReservedWatches
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _watches = [];

    public int Count
    {
        get
        {
            lock (_lock) return _watches.Count;
        }
    }

    public void Add(int watch)
    {
        lock (_lock) _watches.Add(watch);
    }

    public void Remove(int watch)
    {
        lock (_lock) _watches.Remove(watch);
    }

    public bool Contains(int watch)
    {
        lock (_lock) return _watches.Contains(watch);
    }
}
