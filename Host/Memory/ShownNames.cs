namespace DmaHeap.Hosting.Memory;

/// <summary>How a buffer's memory is called in /proc/PID/fd: after its heap, and by its own name where it has one. The same names give the same string, as far as they are remembered.</summary>
internal static class ShownNames
{
    private static readonly Entry?[] s_entries = new Entry?[256];

    public static string Of(string heap, string? buffer)
    {
        if (string.IsNullOrEmpty(buffer)) return heap;
        ref var place = ref s_entries[(uint)HashCode.Combine(heap, buffer) % (uint)s_entries.Length];
        if (Volatile.Read(ref place) is { } known && known.Heap == heap && known.Buffer == buffer) return known.Text;
        var made = new Entry(heap, buffer, $"{heap}:{buffer}");
        Volatile.Write(ref place, made);
        return made.Text;
    }

    private sealed record Entry(string Heap, string Buffer, string Text);
}
