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

    /// <summary>Asks, and looks. A test's one may say no.</summary>
    protected virtual bool AskKernel(SafeHandle file, long length) => TryTouch(file, length) || TryCollapse(file, length);

    private static bool TryTouch(SafeHandle file, long length)
    {
        if (!TransparentHugePages.AreForSharedMemory()) return false;
        if (IsMappedHuge(file, length, mapping => mapping.TryAdvise(MemoryAdvice.HugePage) == Errno.None && mapping.TryAdvise(MemoryAdvice.PopulateWrite) == Errno.None, isWord: false)) return true;
        FileSpace.TryPunchHole(file, 0, length); // what came of small pages would have to be copied
        return false;
    }

    private static bool TryCollapse(SafeHandle file, long length)
    {
        // A part without any page is passed over.
        for (var at = 0L; at < length; at += PageChoices.HugePage)
        {
            if (FileZeros.TryWrite(file, at, Environment.SystemPageSize) != Errno.None) return false;
        }

        // Of this the kernel says yes only when all of the range is of huge pages.
        return IsMappedHuge(file, length, mapping => mapping.TryAdvise(MemoryAdvice.Collapse) == Errno.None, isWord: true);
    }

    // Where nobody lets us look, the kernel's answer is as good as it was.
    private static bool IsMappedHuge(SafeHandle file, long length, Func<MemoryMapping, bool> fill, bool isWord)
    {
        var errno = MemoryMapping.TryMap(file, 0, length, MapProtection.Read | MapProtection.Write, populate: false, PageChoices.HugePage, out var mapping);
        if (errno != Errno.None) return false;
        using (mapping) return fill(mapping!) && (HugeMappings.TryCountBytes(mapping!, out var bytes) ? bytes == length : isWord);
    }
}
