namespace DmaHeap.Hosting.Isolation;

/// <summary>The optional interfaces that a heap in a worker has.</summary>
[Flags]
internal enum HeapFaces
{
    None = 0,
    Gauge = 1,
    Shrinker = 2,
    Journal = 4,
    All = Gauge | Shrinker | Journal,
}
