namespace DmaHeap.Heaps;

/// <summary>Memory that is kept for nothing, until somebody wants it back. Thread-safe.</summary>
internal sealed class Hoard : IDisposable
{
    private const long LargestPiece = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Stack<IHeapMemory> _pieces = [];
    private long _bytes;

    /// <exception cref="HeapException">There is not that much.</exception>
    public Hoard(IHeapMemoryService memory, long bytes)
    {
        try
        {
            for (var left = bytes; left > 0; left -= LargestPiece)
                Keep(memory.AllocatePages(new PageRequest { Length = Math.Min(left, LargestPiece), Commit = CommitPolicy.Committed }));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <returns>Bytes that were given back: whole pieces.</returns>
    public long Give(long bytes)
    {
        lock (_lock)
        {
            var given = 0L;
            while (given < bytes && _pieces.TryPop(out var piece))
            {
                given += piece.Length;
                piece.Dispose();
            }

            Interlocked.Add(ref _bytes, -given);
            return given;
        }
    }

    public void Dispose() => Give(long.MaxValue);

    private void Keep(IHeapMemory piece)
    {
        _pieces.Push(piece);
        _bytes += piece.Length;
    }
}
