using System.Reflection;

namespace DmaHeap.Tests.Heaps;

/// <summary>Calls a heap as the host does: through the contract's interface.</summary>
internal static class HeapCalls
{
    public static HeapBuffer Allocate(this IHeap heap, long length, CommitPolicy commit = CommitPolicy.Lazy) =>
        heap.Allocate(new AllocationRequest { Length = length, Commit = commit }, CancellationToken.None);

    /// <summary>Gives a buffer back: to the heap, then its memory to the fake host.</summary>
    public static void Free(this IHeap heap, HeapBuffer buffer, ReleaseReason reason = ReleaseReason.LastReferenceGone)
    {
        heap.Release(buffer, reason);
        buffer.Memory.Dispose();
    }

    public static HeapException Refuses(Action act, HeapErrno errno, string cause)
    {
        var refusal = Assert.Throws<HeapException>(act);
        Assert.Equal((errno, cause), (refusal.Errno, refusal.Cause));
        return refusal;
    }

    /// <summary>What the plugin's assembly says about a heap type, as the host would read it.</summary>
    public static HeapTypeAttribute Declaration(Type heap) =>
        Assert.Single(heap.Assembly.GetCustomAttributes<HeapTypeAttribute>(), attribute => attribute.HeapType == heap);

    public static HeapCapabilities Capabilities(Type heap) => heap.GetCustomAttribute<HeapCapabilitiesAttribute>()!.Capabilities;
}
