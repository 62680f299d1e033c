using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>The same without a pause: a pool is soon empty, and what counts is how fast it is filled.</summary>
static class SustainedUse
{
    const double Most = 0.6;

    static readonly TimeSpan s_slice = TimeSpan.FromMilliseconds(100);

    public static void Run(Workbench bench)
    {
        var lines = new List<Line>();
        foreach (var pages in new[] { PageKind.Huge, PageKind.Collapsed, PageKind.Small }) Measure(bench, pages, lines);
        bench.Add(new Curve(
            "sustained", "8 MiB ready to write and let go of, without a pause", new("seconds since the first", Unit.Elapsed, false), new("buffers a second", Unit.Rate, true), lines));
    }

    static void Measure(Workbench bench, PageKind pages, List<Line> lines)
    {
        var work = $"8 MiB ready to write, sustained, {pages.Name}";
        bench.Measure(work, () =>
        {
            var time = TimeSpan.FromSeconds(bench.Scale.Of(2, 4));
            using var host = PooledHost.Start(bench, pages, ReadyToWrite.Length);
            Ours(host, s_slice * 5); // the runtime compiles what is hot
            var rounds = new List<(Sustained Our, Sustained Their)>();
            for (var i = 0; i < bench.Scale.Of(1, 3); i++)
            {
                var their = new ByHand(bench.Native).Sustain(ReadyToWrite.Length, time);
                host.AwaitFull();
                rounds.Add((Ours(host, time), their));
            }

            if (lines.Count == 0) lines.Add(rounds[^1].Their.ToLine("by hand") with { IsBaseline = true });
            lines.Insert(lines.Count - 1, rounds[^1].Our.ToLine("dmaheap, " + pages.Name));
            var (first, settled) = (Medians.Of(rounds.Select(round => round.Our.First)), Medians.Of(rounds.Select(round => round.Our.Settled)));
            return new Result(work)
            {
                Ours = new("settles at", settled, Unit.Rate),
                Against = [new("memfd_create + mmap + touch", Medians.Of(rounds.Select(round => round.Their.Settled)), Unit.Rate)],
                Figures = [Figure.Ratio(Medians.Of(rounds.Select(round => round.Their.Settled / round.Our.Settled)), Target.AtMost(Most))],
                Note = $"time for each, as the ratio of the rates once they have settled; letting go is included. The first tenth of a second goes at {Unit.Rate.Show(first)}; got {host.Pages}",
            };
        });
    }

    static Sustained Ours(PooledHost host, TimeSpan time)
    {
        var counts = new int[(int)(time / s_slice)];
        var begin = Stopwatch.GetTimestamp();
        int at;
        while ((at = (int)(Stopwatch.GetElapsedTime(begin) / s_slice)) < counts.Length)
        {
            ReadyBuffer.Time(host.Client, ReadyToWrite.Length);
            counts[at]++;
        }

        return new(s_slice, counts);
    }
}
