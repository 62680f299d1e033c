namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>How a pool gets smaller.</summary>
internal sealed partial class PagePool
{
    /// <summary>Drops what nobody wants any more.</summary>
    public void Trim()
    {
        if (_terms is not { } terms) return;
        List<PageMemory>? dropped = null;
        lock (_lock)
        {
            Retarget(Now, terms.Max.Bytes);
            foreach (var one in _classes.Values) Drop(one, one.Ready.Count - one.Target, ref dropped);
        }

        Give(dropped);
    }

    /// <summary>Makes none for a while.</summary>
    public void Pause()
    {
        lock (_lock) _pausedUntil = Now + s_pause.TotalSeconds;
    }

    /// <summary>Gives memory back and makes none for a while: what is beyond the wanted goes first, then what there is most of.</summary>
    /// <param name="bytes">How much is wanted.</param>
    /// <returns>Bytes given back.</returns>
    public long Scan(long bytes)
    {
        List<PageMemory>? dropped = null;
        lock (_lock)
        {
            _pausedUntil = Now + s_pause.TotalSeconds;
            foreach (var one in _classes.Values) bytes -= Drop(one, Math.Min(one.Ready.Count - one.Target, Pieces(one, bytes)), ref dropped);
            foreach (var one in _classes.Values.OrderByDescending(one => one.Ready.Count * one.Key.Length)) bytes -= Drop(one, Pieces(one, bytes), ref dropped);
        }

        return Give(dropped);
    }

    /// <summary>Bytes that only demand wants.</summary>
    public long UnowedBytes
    {
        get
        {
            lock (_lock) return _classes.Values.Sum(one => one.UnowedBytes);
        }
    }

    /// <summary>Makes way for what another pool is to have in any case: gives up what only demand wants, of which there is most first.</summary>
    /// <param name="bytes">How much room is wanted.</param>
    /// <returns>Bytes given up.</returns>
    public long GiveWay(long bytes)
    {
        List<PageMemory>? dropped = null;
        lock (_lock)
        {
            foreach (var one in _classes.Values.OrderByDescending(one => one.Ready.Count * one.Key.Length)) bytes -= Drop(one, Math.Min(one.Ready.Count - one.Least, Pieces(one, bytes)), ref dropped);
        }

        return Give(dropped);
    }

    private static int Pieces(PoolClass one, long bytes) => bytes <= 0 ? 0 : (int)Math.Min(one.Ready.Count, (bytes - 1) / one.Key.Length + 1);

    private void DropAll(ref List<PageMemory>? dropped)
    {
        foreach (var one in _classes.Values) Drop(one, one.Ready.Count, ref dropped);
    }

    private long Drop(PoolClass one, int pieces, ref List<PageMemory>? dropped)
    {
        var before = _bytes;
        for (; pieces > 0 && one.Ready.TryPop(out var piece); pieces--)
        {
            (dropped ??= []).Add(piece);
            _bytes -= one.Key.Length;
            _buffers--;
        }

        return before - _bytes;
    }

    private static void End(PageMemory memory)
    {
        memory.Dispose();
        memory.End();
    }

    private long Give(List<PageMemory>? dropped)
    {
        if (dropped is null) return 0;
        var bytes = 0L;
        foreach (var memory in dropped)
        {
            bytes += memory.Length;
            End(memory);
        }

        if (bytes > 0) statistics.PoolGaveBack(bytes);
        return bytes;
    }
}
