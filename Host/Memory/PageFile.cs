namespace DmaHeap.Hosting.Memory;

/// <summary>A memfd as <see cref="PageFiles"/> makes it: of its final size, sealed against another one, mode 0600.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="PageSize">Bytes of each page that stay in one piece: nothing but reserved huge pages is larger than the machine's own for good.</param>
/// <param name="MappedPageSize">Bytes one entry of a page table maps now: 2 MiB also where the kernel put small pages together.</param>
/// <param name="Fill">What it has of its pages.</param>
internal readonly record struct PageFile(long Length, long PageSize, long MappedPageSize, PageFill Fill);
