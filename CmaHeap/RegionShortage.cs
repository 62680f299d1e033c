namespace DmaHeap.Heaps;

/// <summary>Says why a region has no range for a buffer: all that is left, and what would fit.</summary>
internal static class RegionShortage
{
    /// <summary>ENOMEM: no region of this size could ever hold it.</summary>
    public static HeapException LargerThan(int regionPages, long pageSize, long length) => Refusal(
        HeapCause.LargerThanHeap, $"larger than the heap: its region has {Bytes(regionPages, pageSize)} ({regionPages} pages), {Asked(length, pageSize)}");

    /// <summary>ENOMEM: what is free now is too little, or lies wrong.</summary>
    /// <param name="bitmap">What is free; the caller has it locked.</param>
    /// <param name="pageSize">Bytes of a page.</param>
    /// <param name="length">Bytes asked for.</param>
    /// <param name="pages">The pages that takes.</param>
    /// <param name="more">Something else to know, put last.</param>
    public static HeapException Of(RegionBitmap bitmap, long pageSize, long length, int pages, string more = "")
    {
        var largest = bitmap.LargestRun();
        var left = $"{Bytes(bitmap.FreePages, pageSize)} free ({bitmap.FreePages} pages), largest run {Bytes(largest, pageSize)}, {Asked(length, pageSize)}";
        if (pages > bitmap.FreePages) return Refusal(HeapCause.Exhausted, $"exhausted: {left}{more}");
        if (pages > largest) return Refusal(HeapCause.Fragmented, $"fragmented: {left}{more}");
        return Refusal(HeapCause.Fragmented, $"fragmented: {left}, which must start at a multiple of {Bytes(bitmap.AlignmentOf(pages), pageSize)}{more}");
    }

    private static HeapException Refusal(string cause, string sentence) => new(HeapErrno.NoMemory, cause, sentence);

    private static string Asked(long length, long pageSize) => length % pageSize == 0
        ? $"{new ByteSize(length).ToText()} asked for"
        : $"{new ByteSize(length).ToText()} asked for in whole pages of {Bytes(1, pageSize)}";

    private static string Bytes(int pages, long pageSize) => new ByteSize(pages * pageSize).ToText();
}
