using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Has the kernel put pages of 2 MiB into a memfd that are not reserved: at their first touch where its policy allows that, by collapsing otherwise, and looks whether it did.
/// Collapsing takes one small page in each 2 MiB, and so copies one instead of 512: it costs little more than to zero the memory. Thread-safe.
/// </summary>
internal class HugePages(TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private long _failedAt;

    /// <summary>False for a while after the kernel had none: whoever can do without does not spend time on asking.</summary>
    public bool IsWorthTrying => Volatile.Read(ref _failedAt) is var failed && (failed == 0 || time.GetElapsedTime(failed) > s_pause);

    /// <param name="file">A memfd without pages, not sealed yet.</param>
    /// <param name="length">Bytes, a multiple of 2 MiB.</param>
    /// <returns>False where not all of it is mapped by huge pages now.</returns>
    public bool TryPutTogether(SafeHandle file, long length)
    {
        var isWhole = AskKernel(file, length);
        Volatile.Write(ref _failedAt, isWhole ? 0 : time.GetTimestamp());
        return isWhole;
    }

    /// <summary>Advises the kernel. A test's one may answer as an older kernel does.</summary>
    protected virtual Errno Advise(MemoryMapping mapping, MemoryAdvice advice) => mapping.TryAdvise(advice);

    private bool AskKernel(SafeHandle file, long length)
    {
        var errno = MemoryMapping.TryMap(file, 0, length, MapProtection.Read | MapProtection.Write, populate: false, PageChoices.HugePage, out var mapping);
        if (errno != Errno.None) return false;
        using (mapping)
        {
            Advise(mapping!, MemoryAdvice.HugePage); // "advise" means collapsing as well
            return TryTouch(file, mapping!) || TryCollapse(file, mapping!);
        }
    }

    private bool TryTouch(SafeHandle file, MemoryMapping mapping)
    {
        if (!TransparentHugePages.AreForSharedMemory()) return false;
        if (Advise(mapping, MemoryAdvice.PopulateWrite) == Errno.None)
        {
            if (!HugeMappings.TryCountBytes(mapping, out var bytes)) return false; // collapsing finds out, and has nothing to do where they are huge
            if (bytes == mapping.Length) return true;
        }

        FileSpace.TryPunchHole(file, 0, mapping.Length); // what came of small pages would have to be copied
        return false;
    }

    private bool TryCollapse(SafeHandle file, MemoryMapping mapping)
    {
        // A part without any page is passed over.
        for (var at = 0L; at < mapping.Length; at += PageChoices.HugePage)
        {
            if (FileZeros.TryWrite(file, at, Environment.SystemPageSize) != Errno.None) return false;
        }

        if (Advise(mapping, MemoryAdvice.Collapse) != Errno.None) return false;
        // The kernel says yes only when all of the range is of huge pages: that is as good where nobody lets us look.
        return !HugeMappings.TryCountBytes(mapping, out var bytes) || bytes == mapping.Length;
    }
}
