using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>
/// A place for one descriptor after another: a <see cref="SafeFileHandle"/> is used up when it is closed, and whoever opens a file for each request would leave one on the managed heap
/// each time. Closed by its finalizer at the latest.
/// </summary>
/// <remarks>
/// Has one owner at a time, who alone fills, empties and closes it: unlike a handle's, its number may be another file's by the time another thread uses it. Calls about the descriptor
/// may be made from several threads as long as nobody does any of those. Where that cannot be known its owner disposes it: the descriptor is closed when the last such call has returned, and
/// the place is used up, as a handle is.
/// </remarks>
public sealed partial class ReusableDescriptor : SafeHandle
{
    const int None = -1;

    /// <summary>An empty place.</summary>
    public ReusableDescriptor()
        : base(None, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == None;

    /// <summary>Closes what is in it. It can be filled again.</summary>
    /// <exception cref="ObjectDisposedException">It is used up.</exception>
    public void Clear()
    {
        if (Empty() is var number and not None) close(number);
    }

    /// <summary>Moves a descriptor here from another place, which is empty then.</summary>
    /// <exception cref="InvalidOperationException">There is one here.</exception>
    public void TakeFrom(ReusableDescriptor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ThrowIfFull();
        Fill(other.Empty());
    }

    /// <summary>Moves the descriptor into a handle of its own, the caller's to dispose; the place is empty then.</summary>
    /// <exception cref="InvalidOperationException">There is none here.</exception>
    public SafeFileHandle ToFileHandle()
    {
        if (IsInvalid) throw new InvalidOperationException("The place holds no descriptor.");
        return new SafeFileHandle(Empty(), ownsHandle: true);
    }

    /// <summary>What a call returned that opens a descriptor: less than 0 for none.</summary>
    internal void Fill(int result)
    {
        ThrowIfFull();
        SetHandle(Math.Max(result, None));
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => close((int)handle) == 0;

    // A number that Dispose has closed, or will, is not to be closed again: it may be another file's by then.
    int Empty()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        var number = (int)handle;
        SetHandle(None);
        return number;
    }

    // What was in it, or comes into one that is used up, would stay open for good.
    void ThrowIfFull()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (!IsInvalid) throw new InvalidOperationException("The place holds a descriptor.");
    }

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
