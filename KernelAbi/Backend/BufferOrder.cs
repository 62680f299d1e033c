using DmaHeap.Linux;

namespace DmaHeap.KernelAbi;

/// <summary>One ALLOC, after the checks that need no heap.</summary>
/// <param name="Heap">The heap's name, as in <see cref="BackendHeap.Name"/>.</param>
/// <param name="Length">Bytes, as the program wrote them; rounded up to pages by whoever serves it.</param>
/// <param name="Access">Access mode of the descriptor.</param>
/// <param name="CloseOnExec">Whether O_CLOEXEC was asked for. It concerns the program's descriptor, not the one handed over here, which exec always closes.</param>
/// <param name="HeapFlags">Heap flags; none are defined, so 0.</param>
/// <param name="Caller">Who asks.</param>
public readonly record struct BufferOrder(string Heap, ulong Length, FileAccessMode Access, bool CloseOnExec, ulong HeapFlags, CallerIdentity Caller);
