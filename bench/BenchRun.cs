using System.Diagnostics;
using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>One run: builds the C side, measures part by part, and says what it ran on.</summary>
static class BenchRun
{
    // Of each core's time, before we add ours: what a quiet machine does not come to.
    const double QuietLoad = 0.25;

    public static Report Run(BenchOptions options)
    {
        var (begun, clock, load) = (DateTimeOffset.Now, Stopwatch.StartNew(), MachineDescription.Load());
        var stolen = ProcessorTime.Read();
        using var folder = new ScratchFolder();
        var native = NativePrograms.Build(folder.Path);
        var machine = MachineDescription.Read(native.Compiler);
        var sections = new List<Section>();
        foreach (var part in options.Parts)
        {
            Workbench.Progress($"-- {part.Name}: {part.What}");
            var section = new Section(part.Name, part.What);
            part.Run(new Workbench(native, folder.Path, new Scale(options.Quick), section));
            sections.Add(section);
        }

        var taken = ProcessorTime.Read().StolenSince(stolen);
        machine.Add(("load", string.Create(CultureInfo.InvariantCulture, $"{load:0.00} at the start, {MachineDescription.Load():0.00} at the end; {taken:0.0} % of the processors' time went to other machines")));
        return new Report(begun, clock.Elapsed, options.Quick, machine, [.. Warnings(load, taken)], sections);
    }

    static IEnumerable<string> Warnings(double load, double stolen)
    {
        const double MuchStolen = 5;
        if (load > QuietLoad * Environment.ProcessorCount)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The machine was not quiet: its load was {load:0.0} before the run began, on {Environment.ProcessorCount} cores. Ratios are rough, p99 most of all.");
        }

        if (stolen > MuchStolen) yield return string.Create(CultureInfo.InvariantCulture, $"Other machines took {stolen:0.0} % of the processors' time.");
    }
}
