using DmaHeap.Hosting.Memory;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>Has no pages, so that whoever touches it gets zeros and leaves a page behind, which stays.</summary>
internal sealed class EmptyCopy(ulong inode, long length) : RestingCopy
{
    public override void Rest(SafeFileHandle cpu, byte[] last) => Restore(cpu);

    public override void Restore(SafeFileHandle cpu) => SparseFile.Clear(cpu, length);

    public override IReadOnlyList<Touch> FindTouches(SafeFileHandle cpu)
    {
        if (SparseFile.FindPage(cpu) is not { } page) return [];
        var written = Read(cpu, length).AsSpan().IndexOfAnyExcept((byte)0);
        var holders = BufferHolders.Find(inode);
        return [written < 0 ? new Touch(SyncFaultKind.ReadWithoutBegin, page, holders) : new Touch(SyncFaultKind.WroteWithoutBegin, written, holders)];
    }
}
