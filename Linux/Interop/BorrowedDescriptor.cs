using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>The number of a descriptor, kept open for as long as this lives: without the reference another thread could
/// dispose the handle during the call, and the number could already mean another file.</summary>
readonly ref struct BorrowedDescriptor : IDisposable
{
    readonly SafeHandle _handle;

    public BorrowedDescriptor(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
        Number = (int)handle.DangerousGetHandle();
    }

    public int Number { get; }

    public void Dispose() => _handle.DangerousRelease();
}
