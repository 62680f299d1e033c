namespace DmaHeap.Heaps;

/// <summary>A range of a region, in pages.</summary>
internal readonly record struct RegionRange(int Offset, int Pages);
