namespace DmaHeap.Testing;

/// <summary>Pages of a memory file that a process has touched through its mappings; at least one.</summary>
internal sealed class TouchedPages(SyncProcess process, IReadOnlySet<long> pages)
{
    public SyncProcess Process => process;

    /// <summary>First byte of the first page.</summary>
    public long First => pages.Min() * Environment.SystemPageSize;

    public bool Has(long offset) => pages.Contains(offset / Environment.SystemPageSize);
}
