using DmaHeap.Hosting.Policy;

namespace DmaHeap.Hosting.Heaps;

/// <summary>
/// What is counted and charged under a heap's name. It goes from a slot to the one that replaces it: a limit holds for the old and the new buffers together, and a counter does not
/// jump back.
/// </summary>
internal sealed record HeapBooks(HeapAccounts Accounts, HeapStatistics Statistics)
{
    public static HeapBooks Open(HeapLimits limits) => new(new HeapAccounts(limits), new HeapStatistics());
}
