using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>What was asked for on the command line.</summary>
sealed record BenchOptions(IReadOnlyList<Part> Parts, bool Quick, string Output, bool Publish, bool Json, bool Help)
{
    public static string Usage { get; } = $"""
        usage: dmaheap bench [PART...] [--quick] [--output DIR] [--publish] [--json]

        Measures dmaheap beside C programs that do the same, pair by pair, and writes report.md, report.json and plots. Exit code 1 when a target is missed or something could not be
        measured, 2 when the command line is wrong.

        {string.Join('\n', Part.All.Select(part => $"  {part.Name,-12}{part.What}"))}

        Without a PART all are run.
          --quick       rough figures in a few minutes
          --output DIR  where the report goes (default: artifacts/bench/ and the time)
          --publish     also write the figures into docs/performance.md of this clone, and the plots beside it
          --json        the JSON report on standard output, and nothing else

        """;

    /// <exception cref="ArgumentException">It says something that there is not.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> arguments, DateTimeOffset now)
    {
        var named = new List<string>();
        bool quick = false, publish = false, json = false, help = false;
        string? output = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--quick": quick = true; break;
                case "--publish": publish = true; break;
                case "--json": json = true; break;
                case "--help" or "-h" or "-?": help = true; break;
                case "--output": output = ++i < arguments.Count ? arguments[i] : throw new ArgumentException("--output names no folder"); break;
                default: named.Add(arguments[i]); break;
            }
        }

        if (named.FirstOrDefault(name => Part.All.All(part => part.Name != name)) is { } unknown)
        {
            throw new ArgumentException($"there is no \"{unknown}\" to measure: {string.Join(", ", Part.All.Select(part => part.Name))}");
        }

        output ??= Path.Combine(Repository.Root, "artifacts", "bench", now.ToString("yyyy-MM-dd-HHmmss", CultureInfo.InvariantCulture));
        return new([.. Part.All.Where(part => named.Count == 0 || named.Contains(part.Name))], quick, Path.GetFullPath(output), publish, json, help);
    }
}
