namespace DmaHeap.Hosting.Reclaim;

/// <summary>Somebody who is asked for memory, one asker at a time.</summary>
internal abstract class ReclaimSource
{
    // Longer than any sound scan takes; who does not get the turn goes on to the next source.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);

    public abstract string Name { get; }

    /// <summary>False for one that need not be asked now.</summary>
    public abstract bool MayHave { get; }

    /// <summary>Asks for memory. Never throws.</summary>
    /// <param name="wanted">Says, of what the source has, how much of it is wanted.</param>
    /// <returns>Null when it has nothing.</returns>
    public ReclaimStep? Ask(Func<long, long> wanted)
    {
        if (_turn.Wait(s_patience)) return AskInTurn(wanted);
        return new ReclaimStep(Name, 0, 0, 0, s_patience, ReclaimResult.Busy);
    }

    /// <summary>Asks; whoever is done with the source gives the turn back.</summary>
    protected abstract ReclaimStep? AskInTurn(Func<long, long> wanted);

    protected void ReturnTurn() => _turn.Release();
}
