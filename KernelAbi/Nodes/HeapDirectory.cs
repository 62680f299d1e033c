namespace DmaHeap.KernelAbi.Nodes;

/// <summary>The directory of heaps as the program shall see it.</summary>
/// <param name="Heaps">The heaps, with their aliases.</param>
/// <param name="ListAliases">Whether the directory lists aliases too; they open in any case.</param>
/// <param name="Overlap">What becomes of the kernel's own.</param>
internal sealed record HeapDirectory(IReadOnlyList<BackendHeap> Heaps, bool ListAliases, HeapOverlap Overlap)
{
    public const string Path = "/dev/dma_heap";

    /// <summary>Everybody may open a node: who may have buffers is the heap's to say.</summary>
    public const UnixFileMode NodeMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Whether the kernel has heaps of its own.</summary>
    public static bool KernelHasHeaps => Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any();

    /// <summary>The names that open and are not listed.</summary>
    public IReadOnlySet<string> Hidden => ListAliases ? new HashSet<string>() : Names.Where(entry => entry.IsAlias).Select(entry => entry.Name).ToHashSet();

    /// <summary>Every name that opens, with the heap it opens and whether it is an alias. Of a name that two heaps have the first counts.</summary>
    public IEnumerable<(string Name, string Heap, bool IsAlias)> Names =>
        Heaps.Select(heap => (heap.Name, heap.Name, false))
            .Concat(Heaps.SelectMany(heap => heap.Aliases.Select(alias => (alias, heap.Name, true))))
            .DistinctBy(entry => entry.Item1);
}
