namespace DmaHeap.Hosting.Buffers;

/// <summary>Buffers in the order they were made, and a binary heap with the latest on top.</summary>
internal static class BufferOrder
{
    public static Comparison<BufferRecord> Comparison { get; } = static (a, b) => a.Sequence.CompareTo(b.Sequence);

    /// <summary>Makes a binary heap of them.</summary>
    public static void Latest(Span<BufferRecord> records)
    {
        for (var i = records.Length / 2 - 1; i >= 0; i--) SiftDown(records, i);
    }

    /// <summary>Puts one that may be too early in its place.</summary>
    public static void SiftDown(Span<BufferRecord> records, int at)
    {
        while (true)
        {
            var latest = at;
            for (var child = 2 * at + 1; child <= 2 * at + 2 && child < records.Length; child++)
            {
                if (records[child].Sequence > records[latest].Sequence) latest = child;
            }

            if (latest == at) return;
            (records[at], records[latest]) = (records[latest], records[at]);
            at = latest;
        }
    }
}
