using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Heaps;

/// <summary>The memory a buffer would get, so that importers can be told what does not fit before any is taken. Never part of a buffer.</summary>
internal sealed class PlannedPages : IHeapMemory
{
    private PlannedPages(long length, long pageSize)
    {
        PageSize = pageSize;
        Length = ((length - 1) / pageSize + 1) * pageSize;
    }

    public long Length { get; }

    public long PageSize { get; }

    public MemoryKind Kind => MemoryKind.Pages;

    /// <summary>The smallest pages of this machine that serve every importer, or else the largest there are: what these do not serve, nothing does.</summary>
    /// <param name="length">Bytes of the buffer.</param>
    /// <param name="machine">What the machine has.</param>
    /// <param name="importers">What the importers need.</param>
    public static PlannedPages For(long length, MemoryCapabilities machine, IEnumerable<AttachConstraints> importers)
    {
        var needed = importers.Max(each => Math.Max(each.Alignment, each.Contiguous ? length : 0));
        var pageSize = machine.PageSize;
        foreach (var pool in machine.HugePages)
        {
            if (pageSize >= needed) break;
            if (pool.Total > 0) pageSize = pool.PageSize;
        }

        return new PlannedPages(length, pageSize);
    }

    /// <summary>What to ask the host for.</summary>
    /// <param name="machine">What the machine has.</param>
    /// <param name="commit">When to take the pages.</param>
    public PageRequest ToRequest(MemoryCapabilities machine, CommitPolicy commit) =>
        new() { Length = Length, PageSize = PageSize == machine.PageSize ? 0 : PageSize, Commit = commit };

    public SafeFileHandle OpenDescriptor() => throw new NotSupportedException("this memory is only planned");

    public void Dispose()
    {
    }
}
