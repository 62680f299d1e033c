using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Hosting.Heaps;

/// <summary>A heap whose class has every optional interface, and which knows better which of them mean something.</summary>
internal interface IFacedHeap
{
    HeapFaces Faces { get; }
}

/// <summary>Asks a heap for its optional interfaces.</summary>
internal static class HeapInterfaces
{
    public static IHeapGauge? Gauge(this IHeap? heap) => heap is IFacedHeap faced && !faced.Faces.HasFlag(HeapFaces.Gauge) ? null : heap as IHeapGauge;

    public static IShrinker? Shrinker(this IHeap? heap) => heap is IFacedHeap faced && !faced.Faces.HasFlag(HeapFaces.Shrinker) ? null : heap as IShrinker;

    public static IHeapJournal? Journal(this IHeap? heap) => heap is IFacedHeap faced && !faced.Faces.HasFlag(HeapFaces.Journal) ? null : heap as IHeapJournal;
}
