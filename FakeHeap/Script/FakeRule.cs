namespace DmaHeap.Heaps;

/// <summary>Which calls of one hook, and what happens to them. All conditions given must hold.</summary>
public sealed class FakeRule : ICheckedOptions
{
    /// <summary>The hook.</summary>
    [Option("The hook whose calls are meant.")]
    public required FakeHook On { get; init; }

    /// <summary>One call of the hook.</summary>
    [Option("Only this call of the hook, counted from 1.", Minimum = "1")]
    public int? Call { get; init; }

    /// <summary>First call of the hook.</summary>
    [Option("Only from this call of the hook on, counted from 1.", Minimum = "1")]
    public int? From { get; init; }

    /// <summary>Last call of the hook.</summary>
    [Option("Only up to this call of the hook, it included.", Minimum = "1")]
    public int? To { get; init; }

    /// <summary>Each so-manieth call.</summary>
    [Option("Only every so-manieth call: 3 is calls 3, 6, 9, or from \"from\" on the first and each third after it.", Minimum = "2")]
    public int? Every { get; init; }

    /// <summary>Only larger buffers.</summary>
    [Option("Only buffers of more bytes than this.")]
    public ByteSize? LargerThan { get; init; }

    /// <summary>Only buffers of this name.</summary>
    [Option("Only buffers of this name; * stands for any characters.")]
    public string? Name { get; init; }

    /// <summary>Only this user.</summary>
    [Option("Only calls on behalf of the user with this id.", Minimum = "0", Maximum = "4294967295")]
    public long? User { get; init; }

    /// <summary>Percent of the calls.</summary>
    [Option("Only so many percent of the calls, drawn by the seed.", Minimum = "1", Maximum = "100")]
    public int? Chance { get; init; }

    /// <summary>Most times.</summary>
    [Option("At most so many times.", Minimum = "1")]
    public int? Times { get; init; }

    /// <summary>The errno it fails with.</summary>
    [Option("Fail the call with this errno.")]
    public FakeErrno? Fail { get; init; }

    /// <summary>The cause code it fails with.</summary>
    [Option("With \"fail\": the cause code that goes with it; \"scripted\" unless given.")]
    public string? Cause { get; init; }

    /// <summary>The sentence it fails with.</summary>
    [Option("With \"fail\": the sentence that goes with it.")]
    public string? Message { get; init; }

    /// <summary>The message of an exception that is no refusal.</summary>
    [Option("Throw an exception with this message that is no refusal, as a broken heap does.")]
    public string? Throw { get; init; }

    /// <summary>How it hangs.</summary>
    [Option("Hang: until the caller gives up, until the heap stops, or for ever.")]
    public FakeHang? Hang { get; init; }

    /// <summary>What is wrong with the memory.</summary>
    [Option("Of allocate: hand out memory that is too short, not zero, or in many runs.")]
    public FakeMemory? Memory { get; init; }

    /// <summary>How long it takes.</summary>
    [Option("Wait before anything else.")]
    public FakeDelay? Delay { get; init; }

    /// <summary>Whether it says more than how long the call takes.</summary>
    internal bool Decides => Fail is not null || Throw is not null || Hang is not null || Memory is not null;

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        string[] effects =
        [
            .. Fail is null ? [] : new[] { nameof(Fail) }, .. Throw is null ? [] : new[] { nameof(Throw) },
            .. Hang is null ? [] : new[] { nameof(Hang) }, .. Memory is null ? [] : new[] { nameof(Memory) },
        ];
        if (effects.Length == 0 && Delay is null) yield return new("", "the rule does nothing: give it fail, throw, hang, memory or delay");
        if (effects.Length > 1) yield return new(effects[1], $"a call has one outcome, and the rule has \"{effects[0].ToLowerInvariant()}\" already");
        if (Memory is not null && On != FakeHook.Allocate) yield return new(nameof(Memory), "only allocate hands out memory");
        if (Hang == FakeHang.UntilCancelled && On != FakeHook.Allocate)
            yield return new(nameof(Hang), "only a call of allocate can be given up by its caller; \"untilStopped\" and \"forever\" are for all");
        if (Fail is null && Cause is not null) yield return new(nameof(Cause), "a cause goes with \"fail\"");
        if (Fail is null && Message is not null) yield return new(nameof(Message), "a message goes with \"fail\"; \"throw\" is its own");
        if (Cause is not null && !IsCause(Cause)) yield return new(nameof(Cause), "a cause is lower case words joined by '-', at most 31 characters");
        if (Call is not null && (From ?? To ?? Every) is not null) yield return new(nameof(Call), "one call is meant by \"call\"; \"from\", \"to\" and \"every\" mean several");
        if (From > To) yield return new(nameof(To), $"{To} comes before \"from\", which is {From}");
        if (Name is "") yield return new(nameof(Name), "no buffer is meant; \"*\" means all, and leaving the key out does, too");
    }

    private static bool IsCause(string text) =>
        text.Length is > 0 and <= 31 && text.Split('-').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));
}
