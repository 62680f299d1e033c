using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi;

/// <summary>A buffer just allocated.</summary>
/// <param name="Handle">Its descriptor, in the access mode asked for, on an open file description that nobody else has; the caller's to dispose.</param>
/// <param name="Facts">What is known of it.</param>
public readonly record struct BackendBuffer(SafeFileHandle Handle, BufferFacts Facts);
