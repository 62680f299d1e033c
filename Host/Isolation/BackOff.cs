namespace DmaHeap.Hosting.Isolation;

/// <summary>How long to wait before the next worker: twice as long each time, and short again after one that lived for a while.</summary>
internal sealed class BackOff
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(30), Sound = TimeSpan.FromSeconds(60);

    private TimeSpan _next = First;

    /// <param name="lived">How long the last worker lived.</param>
    public TimeSpan After(TimeSpan lived)
    {
        if (lived >= Sound) _next = First;
        var pause = _next;
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return pause;
    }
}
