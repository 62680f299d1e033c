namespace DmaHeap.Heaps;

/// <summary>The script of a <see cref="FakeHeap"/>. Without any option it is a heap of plain pages that remembers its calls.</summary>
public sealed class FakeOptions : ICheckedOptions
{
    /// <summary>What the script is for.</summary>
    [Option("What the script is for; for people.", Default = "")]
    public string Comment { get; init; } = "";

    /// <summary>Seed of every random choice; null draws one.</summary>
    [Option("Seed of every random choice: the same seed and the same calls give the same answers. Left out, one is drawn and logged.")]
    public long? Seed { get; init; }

    /// <summary>Most bytes alive at one time.</summary>
    [Option("Most bytes alive at one time: further allocations fail with ENOMEM until buffers are released.", Minimum = "4KiB")]
    public ByteSize? Capacity { get; init; }

    /// <summary>Bytes handed out in all before nothing is left.</summary>
    [Option("Bytes handed out in all, after which every allocation fails with ENOMEM, whatever is released.", Minimum = "0B")]
    public ByteSize? RunOutAfter { get; init; }

    /// <summary>Longest run of free bytes there seems to be.</summary>
    [Option("Longest run of free bytes: a larger allocation fails with ENOMEM as fragmented, though enough is free.", Minimum = "4KiB")]
    public ByteSize? LargestRun { get; init; }

    /// <summary>Memory it keeps for nothing.</summary>
    [Option("Memory the heap takes when it starts, in pieces of at most 1MiB, and keeps until it is asked to give some back: what dmaheap shrink and pressure get from it.", Minimum = "0B")]
    public ByteSize? Hoard { get; init; }

    /// <summary>What happens to which calls.</summary>
    [Option("What happens to which calls. All rules that match a call apply: their delays add up, and of what else they say the first counts.", Default = "[]")]
    public FakeRule[] Rules { get; init; } = [];

    /// <summary>What is remembered.</summary>
    [Option("What is remembered of the calls.")]
    public FakeJournalOptions Journal { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        if (LargestRun?.Bytes > Capacity?.Bytes) yield return new(nameof(LargestRun), $"{LargestRun} is more than the capacity of {Capacity}");
    }
}

/// <summary>What a <see cref="FakeHeap"/> remembers of its calls.</summary>
public sealed class FakeJournalOptions
{
    /// <summary>Most lines kept in memory.</summary>
    [Option("Most lines kept in memory; the oldest are dropped, and counted.", Default = "16384", Minimum = "16", Maximum = "1000000")]
    public int Lines { get; init; }

    /// <summary>A file that gets every line, too.</summary>
    [Option("A file that every line is appended to as well; relative to the host's working directory. Left out, none.")]
    public string? File { get; init; }
}
