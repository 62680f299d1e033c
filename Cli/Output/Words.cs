using System.Globalization;
using System.Text.Json;
using DmaHeap.Client;
using DmaHeap.Protocol;
using DmaHeap.Testing;

namespace DmaHeap.Cli.Output;

/// <summary>Values as text, the same in tables and JSON where both have them.</summary>
static class Words
{
    static readonly (HeapTraits Trait, string Word)[] s_traits =
    [
        (HeapTraits.CpuMappable, "mappable"), (HeapTraits.ZeroFilled, "zeroed"), (HeapTraits.FixedCapacity, "fixed-capacity"), (HeapTraits.Unmappable, "unmappable"),
    ];

    static readonly (BufferFlags Flag, string Word)[] s_flags =
    [
        (BufferFlags.Opaque, "opaque"), (BufferFlags.CpuAccessHooks, "cpu-access-hooks"), (BufferFlags.Contiguous, "contiguous"), (BufferFlags.Secret, "secret"), (BufferFlags.Adopted, "adopted"),
        (BufferFlags.Resident, "resident"),
    ];

    public static string[] Of(HeapTraits traits) => [.. s_traits.Where(known => traits.HasFlag(known.Trait)).Select(known => known.Word)];

    public static string[] Of(BufferFlags flags) => [.. s_flags.Where(known => flags.HasFlag(known.Flag)).Select(known => known.Word)];

    public static string Of(HeapState state) => state switch
    {
        HeapState.Active => "active",
        HeapState.Faulted => "faulted",
        _ => "unavailable",
    };

    public static string Of(ShrinkResult result) => result switch
    {
        ShrinkResult.Done => "done",
        ShrinkResult.Failed => "failed",
        ShrinkResult.Busy => "busy",
        _ => "stuck",
    };

    public static string Of(ConformanceOutcome outcome) => outcome switch
    {
        ConformanceOutcome.Passed => "passed",
        ConformanceOutcome.Skipped => "skipped",
        _ => "failed",
    };

    public static string[] Of(HeapCapabilities promises) =>
        [.. Enum.GetValues<HeapCapabilities>().Where(each => each != 0 && promises.HasFlag(each)).Select(each => CamelCase(each.ToString()))];

    /// <summary>A name of ours as JSON has it.</summary>
    public static string CamelCase(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    public static string Size(long bytes) => new ByteSize(bytes).ToText();

    public static string Age(double seconds) => seconds switch
    {
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 60} min {(int)seconds % 60} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)seconds / 3600} h {(long)seconds / 60 % 60} min"),
    };

    /// <summary>Text that others chose, such as a buffer's name: what would move a terminal's cursor or turn its text around is written as an escape.</summary>
    public static string Visible(string text)
    {
        if (!text.Any(IsUnseen)) return text;
        return string.Concat(text.Select(c => IsUnseen(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()));
    }

    public static string Count(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Milliseconds(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");

    static bool IsUnseen(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
