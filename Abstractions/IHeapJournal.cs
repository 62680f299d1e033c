namespace DmaHeap;

/// <summary>
/// A heap that remembers what happened to it implements this beside <see cref="IHeap"/>; the host gives its lines to the host's user and root.
/// Called from any thread, at any time between construction and disposal, also while another call of the same heap is under way.
/// </summary>
public interface IHeapJournal
{
    /// <summary>Reads on. Cheap: nothing is waited for.</summary>
    /// <param name="after">Number of the last line known; 0 to begin at the oldest that is kept.</param>
    /// <param name="most">Most lines wanted; positive.</param>
    HeapJournalPage ReadJournal(long after, int most);
}

/// <summary>A part of a heap's journal. Immutable; members may be added.</summary>
public sealed record HeapJournalPage
{
    /// <summary>Lines in order, without gaps: each a JSON object on one line, at most 4096 bytes of UTF-8.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>Number of the last of the lines, to be asked for next; the number asked for where there are none. Lines are numbered from 1 without gaps.</summary>
    public required long Last { get; init; }

    /// <summary>Lines after the one asked for that were not kept, since the journal is bounded: they come before the first of these.</summary>
    public long Dropped { get; init; }
}
