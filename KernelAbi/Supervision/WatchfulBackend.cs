using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Has somebody else listen before a heap is asked for anything: it may take as long as it likes.</summary>
/// <param name="backend">Who is asked; stays its owner's.</param>
/// <param name="ensureListener">Sees to it that a thread listens.</param>
internal sealed class WatchfulBackend(IHeapBackend backend, Action ensureListener) : IHeapBackend
{
    public IReadOnlyList<BackendHeap> Heaps => backend.Heaps;

    public BackendAnswer Allocate(in BufferOrder order, out BackendBuffer buffer, CancellationToken cancellationToken)
    {
        ensureListener();
        return backend.Allocate(in order, out buffer, cancellationToken);
    }

    public bool TryIdentify(SafeFileHandle shown, out BufferFacts facts)
    {
        ensureListener();
        return backend.TryIdentify(shown, out facts);
    }

    public BackendAnswer SetName(SafeFileHandle shown, string name)
    {
        ensureListener();
        return backend.SetName(shown, name);
    }

    public BackendAnswer CpuAccess(SafeFileHandle shown, CpuAccessChange access, CallerIdentity caller)
    {
        ensureListener();
        return backend.CpuAccess(shown, access, caller);
    }

    public void Dispose()
    {
    }
}
