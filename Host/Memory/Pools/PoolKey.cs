namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>What makes one piece of ready memory as good as another of the same heap. The name is part of it: it is seen in /proc, and a memfd cannot be renamed.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Choice">Its pages.</param>
/// <param name="BufferName">The name the buffer is asked for with; empty for none.</param>
internal readonly record struct PoolKey(long Length, PageChoice Choice, string BufferName);

/// <summary>What a pool would have next.</summary>
/// <param name="Key">What it is.</param>
/// <param name="IsOwed">Whether it is to be there whatever is asked for.</param>
internal readonly record struct PoolWish(PoolKey Key, bool IsOwed);
