namespace DmaHeap.Heaps;

/// <summary>Options of <see cref="CmaHeap"/>.</summary>
public sealed class CmaHeapOptions : ICheckedOptions
{
    private const long SmallestPage = 4L << 10;
    private const long HugePage = 2L << 20;

    /// <summary>Size of the region in bytes: a multiple of the size of <see cref="Pages"/>. The largest makes a bitmap of 32 MiB.</summary>
    [Option("Size of the region, a multiple of the page size.", Default = "64MiB", Minimum = "4KiB", Maximum = "1TiB")]
    public ByteSize Size { get; init; } = new(64L << 20);

    /// <summary>The pages memory is taken in.</summary>
    [Option("Pages the memory is taken in: 4KiB (whatever pages the machine has) or 2MiB (from hugetlb; lengths are rounded up to it).", Default = "4KiB")]
    public CmaPages Pages { get; init; }

    /// <summary>What the memory must be beyond the model.</summary>
    [Option("What every buffer must be: none, or physical (contiguous in the machine's memory; needs pages of 2MiB).", Default = "none")]
    public CmaRequirement Require { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        var page = PageSizeOn(SmallestPage);
        if (Size.Bytes % page != 0)
        {
            yield return new OptionError(nameof(Size), $"{Size} is no multiple of the page size {new ByteSize(page)}: the next larger is {NextLarger(page)}");
        }

        if (Require == CmaRequirement.Physical && Pages != CmaPages.Huge)
        {
            yield return new OptionError(nameof(Require), "physical contiguity is only vouched for inside one page: set \"pages\" to \"2MiB\"");
        }
    }

    /// <summary>The size of the pages these options mean, on a machine with the given page size.</summary>
    internal long PageSizeOn(long machinePage) => Pages == CmaPages.Huge ? HugePage : machinePage;

    private ByteSize NextLarger(long page) => new(((Size.Bytes / page) + 1) * page);
}

/// <summary>The pages memory is taken in.</summary>
public enum CmaPages
{
    /// <summary>The machine's own pages: 4 KiB on most, 16 or 64 KiB on some arm64 machines.</summary>
    [OptionValue("4KiB")]
    Machine = 0,

    /// <summary>Huge pages of 2 MiB from the machine's hugetlb pool.</summary>
    [OptionValue("2MiB")]
    Huge = 1,
}

/// <summary>What the memory of a buffer must be.</summary>
public enum CmaRequirement
{
    /// <summary>Contiguous in the modelled region; where its pages lie in the machine is nobody's business.</summary>
    None = 0,

    /// <summary>Physically contiguous, which limits a buffer to one huge page.</summary>
    Physical = 1,
}
