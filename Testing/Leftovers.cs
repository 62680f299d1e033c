using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Lifetime;

namespace DmaHeap.Testing;

/// <summary>What is left of a host's buffers, and who of this process holds it.</summary>
internal sealed record Leftovers(IReadOnlyList<string> Buffers, IReadOnlyList<string> Descriptors, IReadOnlyList<string> Mappings, IReadOnlyList<string> Watches)
{
    private const string Elsewhere = "by another process, or by a message that nobody has received";

    public bool IsNothing => Buffers.Count == 0 && Watches.Count == 0;

    /// <summary>Looks through this process. Cheap where nothing is left.</summary>
    public static Leftovers Of(BufferTable table, BufferWatches watches)
    {
        var records = table.Snapshot();
        Array.Sort(records, static (a, b) => a.Sequence.CompareTo(b.Sequence));
        var watched = watches.WatchedInodes();
        var strays = watched.Keys.Where(number => !table.TryFind(number, out _) && !watches.IsReserved(number)).ToArray();
        if (records.Length == 0) return new([], [], [], [.. strays.Select(Describe)]);

        var names = new Dictionary<ulong, string>();
        foreach (var record in records)
        {
            if (watched.TryGetValue(record.Watch, out var inode)) names[inode] = Name(record);
        }

        var descriptors = OwnReferences.Descriptors(names);
        var mappings = OwnReferences.Mappings(names);
        return new([.. records.Select(Describe)], descriptors, mappings, [.. strays.Select(Describe)]);
    }

    public override string ToString()
    {
        var sentences = new List<string>();
        if (Buffers.Count > 0)
        {
            string[] holders = [.. Descriptors, .. Mappings];
            sentences.Add($"{(Buffers.Count == 1 ? "a buffer was" : $"{Buffers.Count} buffers were")} left when the test host stopped: {string.Join("; ", Buffers)}; held {(holders.Length > 0 ? $"by {string.Join("; by ", holders)}" : Elsewhere)}");
        }

        if (Watches.Count > 0) sentences.Add($"the host watches what it knows no buffer for, which is a defect of the host: {string.Join("; ", Watches)}");
        return string.Join(". ", sentences);
    }

    private static string Name(BufferRecord record) => record.Name.Length == 0 ? $"buffer {record.Sequence}" : $"\"{record.Name}\"";

    private static string Describe(BufferRecord record) => $"{Name(record)} of heap {record.Heap.Name}, {new ByteSize(record.Length).ToText()}";

    private static string Describe(int watch) => $"watch {watch}";
}
