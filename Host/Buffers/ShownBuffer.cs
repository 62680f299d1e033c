using DmaHeap.Protocol;

namespace DmaHeap.Hosting;

/// <summary>What a descriptor that was shown to the host turned out to be. None of it changes while the buffer lives.</summary>
/// <param name="Id">The buffer's id.</param>
/// <param name="Heap">Name of its heap.</param>
/// <param name="Length">Bytes.</param>
/// <param name="PageSize">Bytes of each page.</param>
/// <param name="Flags">What it is.</param>
public sealed record ShownBuffer(BufferId Id, string Heap, long Length, long PageSize, BufferFlags Flags);
