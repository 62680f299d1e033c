using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>Who is asked for memory.</summary>
/// <param name="WithOwn">The host's own memory.</param>
/// <param name="WithHeaps">The heaps that implement <see cref="IShrinker"/>.</param>
/// <param name="Heap">What is of the heap of this name alone, and of those it replaced; null for everything.</param>
/// <param name="InHugePages">Of the host's own memory only what may be in huge pages: small ones are no use to whoever lacks those.</param>
internal readonly record struct ReclaimScope(bool WithOwn, bool WithHeaps, string? Heap, bool InHugePages = false)
{
    /// <summary>Everybody there is.</summary>
    public static ReclaimScope All { get; } = new(WithOwn: true, WithHeaps: true, null);

    /// <summary>
    /// The host's own memory alone: all that may be asked for from inside a heap's hook. That heap must not be entered from within itself, and another one may be waiting for this one.
    /// </summary>
    public static ReclaimScope Own { get; } = new(WithOwn: true, WithHeaps: false, null);

    /// <summary>One heap, by its name, and what lies ready for it.</summary>
    public static ReclaimScope Of(string heap) => new(WithOwn: true, WithHeaps: true, heap);

    /// <summary>One heap's <see cref="IShrinker"/> alone: for room that is the heap's, and not the host's.</summary>
    public static ReclaimScope ShrinkerOf(string heap) => new(WithOwn: false, WithHeaps: true, heap);

    /// <summary>Whether memory of the host's own is asked for.</summary>
    public bool Has(IReclaimable memory) => WithOwn && Has(memory.Heap) && (!InHugePages || memory.HasHugePages);

    /// <summary>Whether a heap is asked, where heaps are.</summary>
    public bool Has(HeapSlot slot) => Has(slot.Name);

    private bool Has(string? heap) => Heap is null || Heap == heap;
}
