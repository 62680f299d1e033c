namespace DmaHeap.KernelAbi;

/// <summary>A heap as programs find it under <c>/dev/dma_heap</c>. Immutable.</summary>
/// <param name="Name">Its name, which is the name of its node.</param>
/// <param name="Aliases">Other names under which it opens; possibly empty.</param>
/// <param name="Unavailable">Why it cannot be used; null when it can. Its node is there all the same, and ALLOC answers ENODEV.</param>
public sealed record BackendHeap(string Name, IReadOnlyList<string> Aliases, string? Unavailable = null);
