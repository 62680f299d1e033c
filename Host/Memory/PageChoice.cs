namespace DmaHeap.Hosting.Memory;

/// <summary>Which pages memory is made of.</summary>
internal enum PageChoice
{
    /// <summary>The machine's own.</summary>
    Machine,

    /// <summary>Of 2 MiB, from wherever they can be had, or none at all.</summary>
    Huge,

    /// <summary>Of 2 MiB, from wherever they can be had, or the machine's own.</summary>
    HugeIfAny,

    /// <summary>Of 2 MiB, reserved ones, as a heap asks that models such a region.</summary>
    Reserved2MiB,

    /// <summary>Of 1 GiB, reserved ones.</summary>
    Reserved1GiB,
}

/// <summary>What is known of a choice before any memory is made.</summary>
internal static class PageChoices
{
    public const long HugePage = 2L << 20;

    /// <summary>What a request means at a heap with these pages, on a machine that can do this.</summary>
    /// <exception cref="HeapException">ENODEV: this machine has no pages of the size asked for.</exception>
    public static PageChoice Of(in PageRequest request, Configuration.HeapPages pages, MemoryCapabilities capabilities)
    {
        if (request.PageSize == 0) return Of(pages, request.Length);
        if (request.PageSize == capabilities.PageSize) return PageChoice.Machine;
        foreach (var pool in capabilities.HugePages)
        {
            if (pool.PageSize == request.PageSize) return request.PageSize == HugePage ? PageChoice.Reserved2MiB : PageChoice.Reserved1GiB;
        }

        throw new HeapException(HeapErrno.NoDevice, HeapCause.NoHugePages, $"this machine has no pages of {new ByteSize(request.PageSize).ToText()}");
    }

    /// <summary>What a heap's pages mean for a length.</summary>
    public static PageChoice Of(Configuration.HeapPages pages, long length) => pages switch
    {
        Configuration.HeapPages.Huge => PageChoice.Huge,
        Configuration.HeapPages.Auto when length > 0 && length % HugePage == 0 => PageChoice.HugeIfAny,
        _ => PageChoice.Machine,
    };

    /// <summary>The length a heap with these pages gives who asks for one, and of what it is made then: whole pages of the machine's first, as every request is.</summary>
    /// <returns>False where no buffer can have that length.</returns>
    public static bool TryRound(long asked, Configuration.HeapPages pages, out long length, out PageChoice choice)
    {
        (length, choice) = (0, PageChoice.Machine);
        if (asked <= 0 || asked > long.MaxValue - HugePage) return false;
        length = RoundToMachine(asked);
        choice = Of(pages, length);
        length = RoundUp(length, choice.GranuleOf());
        return true;
    }

    /// <summary>What a request is rounded up to before anybody is asked.</summary>
    public static long RoundToMachine(long asked) => RoundUp(asked, Environment.SystemPageSize);

    /// <summary>The smallest buffer of a heap with these pages.</summary>
    public static long LeastOf(Configuration.HeapPages pages) => Of(pages, 0).GranuleOf();

    /// <summary>What lengths are rounded up to.</summary>
    public static long GranuleOf(this PageChoice choice) => choice switch
    {
        PageChoice.Machine => Environment.SystemPageSize,
        PageChoice.Reserved1GiB => 1L << 30,
        _ => HugePage,
    };

    private static long RoundUp(long length, long granule) => (length + granule - 1) / granule * granule;
}
