namespace DmaHeap.Hosting.Isolation;

/// <summary>What a worker is told of pages that the heap may take without asking, if it asks for as much as was asked of it.</summary>
/// <param name="Number">What they are called; 0 for no promise.</param>
/// <param name="Length">Bytes, in whole pages.</param>
/// <param name="PageSize">Bytes of a page.</param>
internal readonly record struct MemoryPromise(ulong Number, long Length, long PageSize);
