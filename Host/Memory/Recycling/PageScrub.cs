using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory.Recycling;

/// <summary>
/// What makes a used file as good as a new one: its pages go, whole, and others come. Overwriting them would not do, for somebody may have one of them in hand by other ways than the file.
/// A test's one leaves something out, to show that this is found out.
/// </summary>
/// <param name="hugePages">Fills what was of huge pages.</param>
internal class PageScrub(HugePages hugePages)
{
    private readonly SmallPages _smallPages = new();

    /// <summary>Takes every page out of the file. Null when none is left; otherwise why some are.</summary>
    /// <param name="file">Nobody else reads or writes it.</param>
    /// <param name="memory">What it was.</param>
    public virtual string? Empty(SafeFileHandle file, PageMemory memory)
    {
        // A huge page that a writer got for a small one (shmem_enabled "always") reaches beyond the end. Somebody may have it in hand, so that it cannot be parted: it goes whole.
        var end = (memory.Length + PageChoices.HugePage - 1) / PageChoices.HugePage * PageChoices.HugePage;
        var errno = FileSpace.TryPunchHole(file, 0, end);
        if (errno != Errno.None) return errno.Describe();
        return memory.PageSize > Environment.SystemPageSize || FileStatus.Of(file).Blocks == 0 ? null : "its pages do not go";
    }

    /// <summary>Puts zeroed pages in, of the sort that were there. False where there are none to be had.</summary>
    /// <param name="file">An empty file.</param>
    /// <param name="memory">What it was.</param>
    public virtual bool TryFill(SafeFileHandle file, PageMemory memory)
    {
        if (memory.PageSize > Environment.SystemPageSize) return FileSpace.TryAllocate(file, 0, memory.Length) == Errno.None;
        if (memory.MappedPageSize > memory.PageSize) return hugePages.TryPutTogether(file, memory.Length);
        return _smallPages.TryFill(file, memory.Length, PageFill.Zeroed) == Errno.None;
    }
}
