namespace DmaHeap.Tests.Heaps;

/// <summary>What <c>RegionBitmap</c> must do, page by page, in the plainest words.</summary>
internal sealed class NaiveBitmap(int pages, int largestAlignment)
{
    private readonly bool[] _taken = new bool[pages];

    public int FreePages => _taken.Count(taken => !taken);

    public int LargestRun()
    {
        int largest = 0, run = 0;
        foreach (var taken in _taken)
        {
            run = taken ? 0 : run + 1;
            largest = Math.Max(largest, run);
        }

        return largest;
    }

    /// <summary>Takes a range and returns its offset, or -1.</summary>
    public int Allocate(int count)
    {
        var alignment = 1;
        while (alignment < count && alignment < largestAlignment) alignment *= 2;
        for (var offset = 0; offset + count <= _taken.Length; offset += alignment)
        {
            if (_taken.AsSpan(offset, count).Contains(true)) continue;
            Set(offset, count, true);
            return offset;
        }

        return -1;
    }

    public void Set(int offset, int count, bool taken) => _taken.AsSpan(offset, count).Fill(taken);
}
