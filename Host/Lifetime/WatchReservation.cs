namespace DmaHeap.Hosting.Lifetime;

/// <summary>A watch on a file that no buffer has yet. It is taken once, by the buffer, or given up.</summary>
internal sealed class WatchReservation(BufferWatches owner, int watch) : IDisposable
{
    private int _isOver;

    /// <summary>The watch, whose file a buffer has from now on.</summary>
    public int Take()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0) throw new InvalidOperationException("The watch was taken or given up before.");
        return watch;
    }

    /// <summary>Gives it up, while the file is still open.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0) owner.GiveUp(watch);
    }
}
