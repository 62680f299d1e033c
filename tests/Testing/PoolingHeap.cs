using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

/// <summary>A <see cref="RegionHeap"/> that keeps some memory back and gives it up when asked, as it should.</summary>
class PoolingHeap : RegionHeap, IShrinker
{
    private const int Kept = 4;

    private readonly Stack<IHeapMemory> _pool = [];

    public PoolingHeap(IHeapContext context)
        : base(context)
    {
        for (var i = 0; i < Kept; i++) _pool.Push(Pages(context.Memory.Capabilities.PageSize));
    }

    public virtual long Count()
    {
        lock (_pool) return _pool.Sum(memory => memory.Length);
    }

    public virtual long Scan(long bytes)
    {
        lock (_pool)
        {
            var given = 0L;
            while (given < bytes && _pool.TryPop(out var memory))
            {
                given += memory.Length;
                memory.Dispose();
            }

            return given;
        }
    }

    protected override void Dispose(bool disposing)
    {
        while (_pool.TryPop(out var memory)) memory.Dispose();
    }
}
