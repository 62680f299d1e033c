namespace DmaHeap.Bench;

/// <summary>What a part measures with, and where it puts what it found.</summary>
sealed class Workbench(NativePrograms native, string folder, Scale scale, Section section)
{
    public NativePrograms Native => native;

    /// <summary>For sockets and configurations.</summary>
    public string Folder => folder;

    public Scale Scale => scale;

    /// <summary>Measures one row; what goes wrong is the row's, and the run goes on.</summary>
    public void Measure(string work, Func<Result> measure) => MeasureAll(work, () => [measure()]);

    /// <summary>Measures several rows at once.</summary>
    public void MeasureAll(string work, Func<IEnumerable<Result>> measure)
    {
        try
        {
            foreach (var result in measure()) Add(result);
        }
        catch (CannotMeasureException lacking)
        {
            Leftovers.StopWhereEnding();
            Add(Result.Skip(work, lacking.Message));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Leftovers.StopWhereEnding(); // its servers were taken from it
            Add(Result.Fail(work, exception.Message));
        }
    }

    public void Add(Result result)
    {
        section.Results.Add(result);
        var figures = string.Join(", ", result.Figures);
        Progress($"{result.Work}: {(figures.Length > 0 ? figures : result.Note)} {result.ShowVerdict()}");
    }

    /// <summary>Adds a picture of what was measured, where anything was.</summary>
    public void Add(Curve curve)
    {
        Line[] lines = [.. curve.Lines.Where(line => line.Points.Count > 0)];
        if (lines.Length > 0) section.Curves.Add(curve with { Lines = lines });
    }

    /// <summary>Says what goes on, where a run is watched.</summary>
    public static void Progress(string text) => Console.Error.WriteLine(text.TrimEnd());
}
