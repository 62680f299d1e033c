namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>The ready pieces of one kind. Under its pool's lock.</summary>
internal sealed class PoolClass(PoolKey key)
{
    private PoolDemand _demand;

    /// <summary>What its pieces are like.</summary>
    public PoolKey Key { get; } = key;

    public Stack<PageMemory> Ready { get; } = new();

    /// <summary>How many there are to be whatever is asked for.</summary>
    public int Least { get; set; }

    /// <summary>How many there are to be, as it was found last.</summary>
    public int Target { get; private set; }

    /// <summary>When one was taken last.</summary>
    public double LastTaken { get; private set; }

    public long SurplusBytes => Math.Max(0, Ready.Count - Target) * Key.Length;

    /// <summary>Bytes beyond what is to be there in any case.</summary>
    public long UnowedBytes => Math.Max(0, Ready.Count - Least) * Key.Length;

    /// <summary>Whether some of them are not there.</summary>
    public bool IsOwed => Ready.Count < Least;

    /// <summary>Whether it is to have the next piece rather than another class: for what is to be there in any case, then for what it has least of.</summary>
    public bool IsNeedierThan(PoolClass other)
    {
        if (IsOwed != other.IsOwed) return IsOwed;
        return (long)Ready.Count * other.Target < (long)other.Ready.Count * Target;
    }

    public PageMemory? Take(double now)
    {
        LastTaken = now;
        _demand.Took(now);
        return Ready.TryPop(out var ready) ? ready : null;
    }

    public void Add(PageMemory memory, double seconds)
    {
        _demand.Made(seconds);
        Ready.Push(memory);
    }

    public int Retarget(double now) => Target = Math.Max(Least, _demand.Target(now));

    /// <summary>Makes do with less, where all together would be too much.</summary>
    public void Scale(double factor) => Target = Math.Max(Math.Max(Least, Math.Min(1, Target)), (int)(Target * factor));
}
