using System.Globalization;
using DmaHeap.Cli.Output;

namespace DmaHeap.Cli.Demo;

/// <summary>What the demo has shown: told step by step to people, and kept for programs.</summary>
sealed class DemoReport(TextWriter people)
{
    readonly List<DemoHeapRow> _heaps = [];
    readonly List<DemoStepRow> _steps = [];

    public DemoDocument Document => new(_heaps.All(heap => heap.Outcome != "failed"), _heaps);

    public void Up(string socket, int heaps, TimeSpan took) =>
        people.WriteLine($"{(_heaps.Count > 0 ? "\n" : "")}A host of {heaps} heaps listens on {socket}, up in {Words.Milliseconds(took.TotalMilliseconds)}");

    public void Begin(string title) => people.WriteLine($"\n{title}");

    public void Step(string step, TimeSpan took)
    {
        var row = new DemoStepRow(step, Math.Round(took.TotalMilliseconds, 3));
        _steps.Add(row);
        people.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Milliseconds,9:0.0} ms  {step}"));
        people.Flush();
    }

    public void Passed(string heap) => End(heap, "passed", null);

    public void Skipped(string heap, string reason) => End(heap, "skipped", reason);

    public void Failed(string heap, string reason) => End(heap, "failed", reason);

    public void Sum()
    {
        var counts = _heaps.CountBy(heap => heap.Outcome).Select(outcome => $"{outcome.Value} {outcome.Key}");
        people.WriteLine($"\nHeaps: {string.Join(", ", counts)}");
    }

    void End(string heap, string outcome, string? reason)
    {
        _heaps.Add(new DemoHeapRow(heap, outcome, reason, [.. _steps]));
        _steps.Clear();
        people.WriteLine(reason is null ? $"  {outcome}" : $"  {outcome}: {reason}");
        people.Flush();
    }
}
