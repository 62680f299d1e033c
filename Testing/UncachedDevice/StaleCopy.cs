using DmaHeap.Hosting.Memory;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>Holds what it held when the last access ended, in pages that are in no page table, so that whoever touches it gets the old bytes and is seen by its page table.</summary>
internal sealed class StaleCopy(ulong inode, long length) : RestingCopy
{
    private byte[] _last = new byte[length];

    public override void Rest(SafeFileHandle cpu, byte[] last)
    {
        _last = last;
        Restore(cpu);
    }

    // Punching is what takes the pages out of all page tables; pages that are written anew are in none.
    public override void Restore(SafeFileHandle cpu)
    {
        SparseFile.Clear(cpu, length);
        RandomAccess.Write(cpu, _last, 0);
    }

    public override IReadOnlyList<Touch> FindTouches(SafeFileHandle cpu)
    {
        var written = Read(cpu, length).AsSpan().CommonPrefixLength(_last);
        var wrote = written < length;
        var mapped = PageTables.FindMapped(cpu, length);
        if (mapped is null && !wrote) return [];
        // Only now is it worth looking at every process.
        var touched = BufferHolders.FindTouched(inode);
        var touches = new List<Touch>();
        if (wrote) touches.Add(new Touch(SyncFaultKind.WroteWithoutBegin, written, WhoWrote(touched, written)));
        touches.AddRange(touched.Where(each => !wrote || !each.Has(written)).Select(each => new Touch(SyncFaultKind.ReadWithoutBegin, each.First, [each.Process])));
        return touches is [] ? [new Touch(SyncFaultKind.ReadWithoutBegin, mapped!.Value, [])] : touches;
    }

    // write(2) needs no page table.
    private IReadOnlyList<SyncProcess> WhoWrote(IReadOnlyList<TouchedPages> touched, long written)
    {
        SyncProcess[] writers = [.. touched.Where(each => each.Has(written)).Select(each => each.Process)];
        return writers is [] ? BufferHolders.Find(inode) : writers;
    }
}
