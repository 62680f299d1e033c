namespace DmaHeap.Bench;

/// <summary>How much is measured: all, or enough to see that it works and roughly what it comes to.</summary>
sealed record Scale(bool Quick)
{
    /// <summary>Pairs of which the median is taken: odd, so that it is one of them.</summary>
    public int Rounds => Quick ? 3 : 9;

    /// <summary>Round trips in each.</summary>
    public int Trips => Quick ? 5_000 : 20_000;

    public T Of<T>(T quick, T full) => Quick ? quick : full;
}
