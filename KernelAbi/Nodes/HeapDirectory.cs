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
    public IReadOnlySet<string> Hidden
    {
        get
        {
            var hidden = new HashSet<string>();
            if (ListAliases) return hidden;
            foreach (var name in Names)
            {
                if (name.IsAlias) hidden.Add(name.Name);
            }

            return hidden;
        }
    }

    /// <summary>Every name that opens. Of a name that two heaps have the first counts.</summary>
    public IReadOnlyList<HeapName> Names
    {
        get
        {
            var names = new List<HeapName>();
            var known = new HashSet<string>();
            foreach (var heap in Heaps)
            {
                if (known.Add(heap.Name)) names.Add(new HeapName(heap.Name, heap.Name, IsAlias: false));
            }

            foreach (var heap in Heaps)
            {
                foreach (var alias in heap.Aliases)
                {
                    if (known.Add(alias)) names.Add(new HeapName(alias, heap.Name, IsAlias: true));
                }
            }

            return names;
        }
    }
}

/// <summary>A name in the directory.</summary>
/// <param name="Name">The name.</param>
/// <param name="Heap">The heap it opens.</param>
/// <param name="IsAlias">Whether it is an alias of that.</param>
internal sealed record HeapName(string Name, string Heap, bool IsAlias);
