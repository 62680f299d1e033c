using DmaHeap.Linux;

namespace DmaHeap.KernelAbi;

/// <summary>What a program was refused, of which it saw the errno alone.</summary>
/// <param name="Call">The ioctl's name.</param>
/// <param name="Heap">The heap; empty where the call was not on a heap.</param>
/// <param name="Errno">What the program got.</param>
/// <param name="Cause">A stable code.</param>
/// <param name="Sentence">The reason, as it was said the last time.</param>
/// <param name="Count">How often.</param>
public sealed record RefusalSummary(string Call, string Heap, Errno Errno, string Cause, string Sentence, long Count);
