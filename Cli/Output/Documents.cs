using System.Text.Json;
using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Protocol;
using DmaHeap.Testing;

namespace DmaHeap.Cli.Output;

// What --json prints, one type a command. Programs depend on these names: members are only ever added. Sizes are bytes.

sealed record HeapsDocument(IReadOnlyList<HeapRow> Heaps);

sealed record ServeDocument(string Socket, int ProcessId, string? Configuration, IReadOnlyList<HeapRow> Heaps);

sealed record HeapRow(string Name, IReadOnlyList<string> Aliases, string Plugin, string State, string? Reason, IReadOnlyList<string> Traits)
{
    /// <summary>The host lists heaps and aliases alike; people think of an alias as a part of its heap.</summary>
    public static IReadOnlyList<HeapRow> From(IReadOnlyList<HeapInfo> heaps)
    {
        var aliases = heaps.Where(heap => heap.AliasOf.Length > 0).ToLookup(heap => heap.AliasOf, heap => heap.Name);
        return [.. heaps.Where(heap => heap.AliasOf.Length == 0).Select(heap => new HeapRow(
            heap.Name, [.. aliases[heap.Name]], heap.Plugin, Words.Of(heap.State),
            heap.Reason.Length > 0 ? heap.Reason : null, Words.Of(heap.Traits)))];
    }
}

sealed record AllocDocument(IReadOnlyList<AllocatedRow> Buffers, double HoldSeconds);

sealed record AllocatedRow(string Id, string Heap, string Name, long Length, int PageSize, IReadOnlyList<string> Flags)
{
    /// <param name="buffer">The buffer.</param>
    /// <param name="alike">What the host says of one allocated with it: heap and name are the same.</param>
    public static AllocatedRow From(DmaBuffer buffer, BufferInfo alike) => new(buffer.Id.ToString()!, alike.Heap, alike.Name, buffer.Length, buffer.PageSize, Words.Of(buffer.Flags));
}

sealed record BuffersDocument(IReadOnlyList<BufferRow> Buffers);

sealed record BufferRow(
    string Id, string Heap, string Name, long Length, double AgeSeconds, int ProcessId, uint UserId, int Attachments, IReadOnlyList<string> Flags, int PageSize)
{
    public static BufferRow From(BufferInfo buffer) => new(
        buffer.Id.ToString(), buffer.Heap, buffer.Name, buffer.Length, Math.Round(buffer.Age.TotalSeconds, 3), buffer.ProcessId, buffer.UserId,
        buffer.Attachments, Words.Of(buffer.Flags), buffer.PageSize);
}

/// <summary><see cref="Host"/> is over all heaps together; null when one heap was asked for.</summary>
sealed record StatsDocument(StatisticsRow? Host, IReadOnlyList<StatisticsRow> Heaps);

sealed record StatisticsRow(
    string Name, long Buffers, long Bytes, long PeakBytes, long Allocations, long Releases, long Failures, long? LimitBytes, GaugeRow? Gauge,
    IReadOnlyDictionary<string, long> FailuresByCause, PoolRow Pool, PaidRow PaidBy, long Recycled)
{
    public static StatisticsRow From(string name, HeapStatistics counted) => new(
        name, counted.Buffers, counted.Bytes, counted.PeakBytes, counted.Allocations, counted.Releases, counted.Failures,
        counted.LimitBytes > 0 ? counted.LimitBytes : null,
        counted.Gauge is { } gauge ? new GaugeRow(gauge.Capacity, gauge.Free, gauge.LargestRun) : null, counted.FailuresByCause,
        new PoolRow(
            counted.Memory.PoolBytes, counted.Memory.PoolBuffers, counted.Memory.PoolHits, counted.Memory.PoolMisses, counted.Memory.PoolFilledBytes, counted.Memory.PoolGivenBackBytes),
        new PaidRow(counted.Memory.HostPaidBytes, counted.Memory.ToucherPaidBytes), counted.Memory.Recycled);
}

sealed record PoolRow(long Bytes, long Buffers, long Hits, long Misses, long FilledBytes, long GivenBackBytes);

/// <summary>Bytes alive, by whose control group is charged for them.</summary>
sealed record PaidRow(long Host, long Toucher);

sealed record GaugeRow(long Capacity, long Free, long LargestRun);

/// <summary><see cref="Last"/> is the number of the last line, to go on from; <see cref="Dropped"/> lines before these were not kept.</summary>
sealed record JournalDocument(string Heap, long Last, long Dropped, IReadOnlyList<JsonElement> Lines);

sealed record ValidateDocument(string File, bool Valid, IReadOnlyList<string> Heaps, IReadOnlyList<ErrorRow> Errors);

sealed record ErrorRow(string File, int Line, int Column, string Path, string Message)
{
    public static ErrorRow From(ConfigurationError error) => new(
        error.Location.File, error.Location.Line, error.Location.Column, error.Path, error.Message);

    /// <summary>As compilers write it.</summary>
    public string ToError() => new ConfigurationError(new SourceLocation(File, Line, Column), Path, Message).ToString();
}

/// <summary>
/// <see cref="Accepted"/> is whether this host takes it; <see cref="Problems"/> say why not. <see cref="Processor"/> is missing for any.
/// </summary>
sealed record PluginDocument(
    string File, string Name, string Version, string Sha256, string? Contract, string HostContract, string? Framework, string? Processor, bool Accepted,
    IReadOnlyList<ProblemRow> Problems, IReadOnlyList<HeapTypeRow> Heaps, IReadOnlyList<DependencyRow> Dependencies, IReadOnlyList<NativeLibraryRow> NativeLibraries);

sealed record ProblemRow(string Refusal, string Message);

/// <summary><see cref="Promises"/> and <see cref="Options"/>, a JSON Schema, are missing of a plugin that this host refuses.</summary>
sealed record HeapTypeRow(string Type, string Class, IReadOnlyList<string>? Promises, string? OptionsClass, JsonObject? Options);

/// <summary><see cref="Kind"/> is where it comes from: <c>contract</c>, <c>dotnet</c> (both the host's), <c>private</c> (its own), <c>host</c> or <c>missing</c> (both refused).</summary>
sealed record DependencyRow(string Name, string BuiltFor, string Kind, string? File, string? FileVersion, IReadOnlyList<string> ReferencedBy);

sealed record NativeLibraryRow(string File, string? Processor);

/// <summary><see cref="Done"/> is <c>swapped</c>, <c>restored</c> or <c>restarted</c>.</summary>
sealed record ChangeDocument(string Heap, string Done, string? Plugin);

sealed record ReloadDocument(long Added, long Removed, long Replaced, long Changed, long Unchanged);

sealed record ShrinkDocument(long Given, IReadOnlyList<ShrinkRow> Sources)
{
    public static ShrinkDocument From(IReadOnlyList<ShrinkStep> steps) => new(steps.Sum(step => step.Given), [.. steps.Select(ShrinkRow.From)]);
}

/// <summary>In the order in which they were asked. <see cref="Wanted"/> is missing for all there is; <see cref="Result"/> is <c>done</c>, <c>failed</c>, <c>busy</c> or <c>stuck</c>.</summary>
sealed record ShrinkRow(string Source, long Count, long? Wanted, long Given, double Milliseconds, string Result)
{
    public static ShrinkRow From(ShrinkStep step) => new(
        step.Source, step.Count, step.Wanted == long.MaxValue ? null : step.Wanted, step.Given, Math.Round(step.Elapsed.TotalMilliseconds, 3), Words.Of(step.Result));
}

sealed record VersionDocument(string Version, string Protocol, string Runtime);

sealed record DemoDocument(bool Passed, IReadOnlyList<DemoHeapRow> Heaps);

/// <summary><see cref="Outcome"/> is <c>passed</c>, <c>skipped</c> or <c>failed</c>; of the last two <see cref="Reason"/> says why.</summary>
sealed record DemoHeapRow(string Heap, string Outcome, string? Reason, IReadOnlyList<DemoStepRow> Steps);

sealed record DemoStepRow(string Step, double Milliseconds);

sealed record PluginTestDocument(string File, bool Passed, IReadOnlyList<TestedHeapRow> Heaps);

sealed record TestedHeapRow(string Heap, bool Passed, IReadOnlyList<TestedCaseRow> Cases);

/// <summary><see cref="Outcome"/> is <c>passed</c>, <c>failed</c> or <c>skipped</c>; <see cref="Detail"/> is what was seen, or why it was skipped.</summary>
sealed record TestedCaseRow(string Case, string Outcome, double Milliseconds, string? Detail, string Checks, string? Failure)
{
    public static TestedCaseRow From(ConformanceResult result, TimeSpan elapsed) => new(
        result.Case.Name, Words.Of(result.Outcome), Math.Round(elapsed.TotalMilliseconds, 1), result.Detail.Length > 0 ? result.Detail : null, result.Case.Checks,
        result.Outcome == ConformanceOutcome.Failed ? result.Case.Failure : null);
}

sealed record FailureDocument(FailureRow Error);

sealed record FailureRow(int ExitCode, string Cause, string? Errno, string Message, IReadOnlyList<ErrorRow>? Errors)
{
    public static FailureRow From(Failure failure) => new(
        failure.ExitCode, failure.Cause, failure.Errno, failure.Message,
        failure.Errors.Count > 0 ? [.. failure.Errors.Select(ErrorRow.From)] : null);
}
