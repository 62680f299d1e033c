namespace DmaHeap.Linux;

/// <summary>What a mapping's pages may be used for.</summary>
[Flags]
public enum MapProtection
{
    /// <summary>PROT_NONE.</summary>
    None = 0,

    /// <summary>PROT_READ.</summary>
    Read = 1,

    /// <summary>PROT_WRITE.</summary>
    Write = 2,
}

/// <summary>Advice of <c>madvise(2)</c>.</summary>
public enum MemoryAdvice
{
    /// <summary>MADV_DONTNEED: drop this mapping's pages; shared ones stay in the file.</summary>
    DontNeed = 4,

    /// <summary>MADV_REMOVE: punch the pages out of the file.</summary>
    Remove = 9,

    /// <summary>MADV_DONTFORK: a child does not inherit the mapping.</summary>
    DontFork = 10,

    /// <summary>MADV_HUGEPAGE: use huge pages where the machine's policy leaves it to the program.</summary>
    HugePage = 14,

    /// <summary>MADV_NOHUGEPAGE: use none, whatever the machine's policy says.</summary>
    NoHugePage = 15,

    /// <summary>MADV_DONTDUMP: keep it out of core dumps.</summary>
    DontDump = 16,

    /// <summary>MADV_POPULATE_READ (5.14): fault in, readable.</summary>
    PopulateRead = 22,

    /// <summary>MADV_POPULATE_WRITE (5.14): fault in, writable.</summary>
    PopulateWrite = 23,

    /// <summary>MADV_COLLAPSE (6.1): put huge pages in place of small ones now.</summary>
    Collapse = 25,
}
