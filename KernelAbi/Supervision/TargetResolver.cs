using System.Collections.Concurrent;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Says what a caller's descriptor is: a heap's node, a buffer, or none of ours. Thread-safe.</summary>
internal sealed class TargetResolver(NodeTable nodes, IHeapBackend backend, ProgramMemfds memfds) : IDisposable
{
    private const int Most = 16384;

    private readonly ConcurrentDictionary<ulong, BufferFacts> _buffers = [];
    private readonly CallerDescriptors _descriptors = new();

    /// <param name="threadId">The calling thread.</param>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="caller">The same thread, for taking a duplicate where that is needed.</param>
    /// <param name="target">What it is.</param>
    /// <returns>EBADF for a descriptor of ours that is none for ioctl, EACCES where the process lets nobody look; then nothing is known of the descriptor.</returns>
    public Errno TryResolve(int threadId, int descriptor, ICaller caller, out CallTarget target)
    {
        target = CallTarget.Foreign;
        var errno = _descriptors.TryGetStatus(threadId, descriptor, out var status);
        if (errno != Errno.None) return errno;
        var key = FileKey.Of(in status);
        if (nodes.TryFind(key, out var heap)) target = CallTarget.Node(heap);
        else if (key == nodes.Udmabuf) target = CallTarget.Udmabuf;
        else if (status.IsRegular && TryFindBuffer(key, caller, out var facts)) target = CallTarget.Buffer(facts);
        return target.Kind != CallTargetKind.Foreign && _descriptors.IsPathOnly(threadId, descriptor, key, caller, remembers: target.Kind == CallTargetKind.Buffer) ? Errno.EBADF : Errno.None;
    }

    public void Dispose() => _descriptors.Dispose();

    private bool TryFindBuffer(FileKey key, ICaller caller, out BufferFacts facts)
    {
        var isUnique = MemfdDevice.Holds(key);
        if (isUnique && (_buffers.TryGetValue(key.Inode, out facts) || memfds.TryFind(key.Inode, out facts))) return true;
        facts = default;
        var errno = caller.TakeTarget(out var shown);
        using (shown)
        {
            if (errno != Errno.None || !backend.TryIdentify(shown, out facts)) return false;
        }

        if (!isUnique) return true;
        if (_buffers.Count >= Most) _buffers.Clear();
        _buffers[key.Inode] = facts;
        return true;
    }
}
