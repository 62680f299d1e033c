using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using DmaHeap.Bench;

namespace DmaHeap.Tests.Bench;

/// <summary>What the reports say of given figures.</summary>
public sealed class ReportTests
{
    static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    static readonly Curve s_curve = new(
        "by-size", "Cost <by> size & \"more\"", new("size", Unit.Bytes, true), new("time", Unit.Time, true),
        [new("dmaheap", [new(4096, 40_000), new(1 << 20, 300_000), new(1 << 30, 9e8)]), new("by hand", [new(4096, 12_000), new(1 << 30, 8e8)]) { IsBaseline = true }]);

    static Result Met { get; } = new("allocate | free")
    {
        Ours = new("", 41_800, Unit.Time, 135_000),
        Against = [new("C broker", 43_100, Unit.Time, 99_700)],
        Figures = [Figure.Ratio(0.97, Target.AtMost(1.05), "p50"), Figure.Ratio(1.35, Target.AtMost(1.5), "p99")],
    };

    static Result Missed { get; } = Met with { Work = "slow", Figures = [Figure.Ratio(1.26, Target.AtMost(1.05), "p50"), Figure.Ratio(1.35, Target.AtMost(1.5), "p99")] };

    [Fact]
    public void A_row_has_both_sides_the_ratio_and_the_target()
    {
        var line = MarkdownReport.Table([Met]).Split('\n')[2];
        Assert.Equal(@"| allocate \| free | p50 41.8 µs, p99 135 µs | C broker: p50 43.1 µs, p99 99.7 µs | p50 0.97, p99 1.35 | p50 ≤ 1.05, p99 ≤ 1.5 | met |", line);
    }

    [Fact]
    public void A_miss_is_told_with_how_much_it_is_missed_by()
    {
        Assert.EndsWith("| **missed p50 by 20 %** |", MarkdownReport.Table([Missed]).Split('\n')[2]);
        Assert.Equal("by 25 %", Figure.Ratio(1.125, Target.AtLeast(1.5)).Miss);
        Assert.Equal("by 45 times", Figure.Ratio(1.35, Target.AtMost(0.03)).Miss);
        Assert.Equal("by 1 %", Figure.Ratio(1.0501, Target.AtMost(1.05)).Miss);
    }

    [Theory]
    [InlineData(true, "met")]
    [InlineData(false, "missed")]
    [InlineData(false, "failed")]
    [InlineData(true, "skipped")]
    [InlineData(true, "information")]
    public void Only_what_is_missed_or_failed_counts_against_a_run(bool met, string what)
    {
        var result = what switch
        {
            "met" => Met,
            "missed" => Missed,
            "failed" => Result.Fail("work", "why"),
            "skipped" => Result.Skip("work", "why"),
            _ => Met with { Figures = [Figure.Ratio(7)] },
        };
        var report = Report(result);
        Assert.Equal(met, report.Met);
        Assert.Contains(what == "information" ? "none" : "1 " + what, report.Sum());
    }

    [Fact]
    public void The_whole_report_has_machine_warnings_notes_and_pictures()
    {
        var text = MarkdownReport.Write(Report(Met, Result.Skip("huge", "no memory")));
        Assert.Contains("| kernel | 6.18 |", text);
        Assert.Contains("**busy**", text);
        Assert.Contains("- huge: no memory", text);
        Assert.Contains("](by-size.svg)", text);
    }

    [Fact]
    public void The_JSON_report_has_numbers_in_one_unit_and_the_verdicts()
    {
        var json = JsonNode.Parse(JsonReport.Write(Report(Missed)))!;
        Assert.Equal(1, (int)json["version"]!);
        Assert.False((bool)json["met"]!);
        var row = json["parts"]![0]!["results"]![0]!;
        Assert.Equal("missed", (string?)row["verdict"]);
        Assert.Equal(41_800, (double)row["ours"]!["median"]!);
        Assert.Equal(1.05, (double)row["figures"]![0]!["target"]!["value"]!);
        Assert.Equal("atMost", (string?)row["figures"]![0]!["target"]!["wanted"]);
        Assert.Equal(4096, (double)json["parts"]![0]!["curves"]![0]!["lines"]![0]!["points"]![0]!["x"]!);
    }

    [Fact]
    public void A_plot_is_well_formed_and_everything_in_it_lies_inside()
    {
        var picture = XDocument.Parse(Plot.Draw(s_curve)).Root!;
        Assert.Equal(s_svg + "svg", picture.Name);
        Assert.Equal(s_curve.Title, (string?)picture.Element(s_svg + "title"));
        var texts = picture.Elements(s_svg + "text").Select(text => text.Value).ToList();
        Assert.Superset(new HashSet<string> { "dmaheap", "by hand", "4 KiB", "1 MiB", "1 GiB", "10 µs", "1 s", "size (log)", "time (log)" }, texts.ToHashSet());
        var rectangle = picture.Element(s_svg + "rect")!;
        Assert.Equal("#ffffff", (string?)rectangle.Attribute("fill")); // a ground of its own: pages are dark for some
        foreach (var mark in picture.Elements(s_svg + "circle"))
        {
            Assert.InRange(Number(mark, "cx"), 84, 720);
            Assert.InRange(Number(mark, "cy"), 40, 380);
        }

        // One in the legend, and one for each point of ours; the baseline's line is dashed.
        Assert.Equal(1 + 3, picture.Elements(s_svg + "circle").Count());
        Assert.Equal(2, picture.Elements(s_svg + "path").Count(path => path.Attribute("stroke-dasharray") is not null));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_plot_of_hardly_anything_is_well_formed_too(int points)
    {
        Line line = new("one", [.. Enumerable.Repeat(new CurvePoint(4096, 7), points)]);
        foreach (var logarithmic in new[] { true, false })
        {
            var curve = s_curve with { X = new("size", Unit.Bytes, logarithmic), Y = new("time", Unit.Time, logarithmic), Lines = [line] };
            Assert.DoesNotContain("NaN", XDocument.Parse(Plot.Draw(curve)).ToString());
        }
    }

    [Fact]
    public void Publishing_replaces_what_lies_between_the_marks_and_nothing_else()
    {
        var document = $"before\n{Publication.Begin}\nold\n{Publication.End}\nafter\n";
        var once = Publication.Insert(document, Report(Met), "performance");
        Assert.StartsWith($"before\n{Publication.Begin}\n", once);
        Assert.EndsWith($"{Publication.End}\nafter\n", once);
        Assert.DoesNotContain("old", once);
        Assert.Contains("](performance/by-size.svg)", once);
        Assert.Equal(once, Publication.Insert(once, Report(Met), "performance"));
        Assert.Throws<InvalidOperationException>(() => Publication.Insert("no marks", Report(Met), "performance"));
    }

    static Report Report(params Result[] results)
    {
        var section = new Section("host", "trips");
        section.Results.AddRange(results);
        section.Curves.Add(s_curve);
        return new Report(DateTimeOffset.UnixEpoch, TimeSpan.FromMinutes(3), true, [("kernel", "6.18")], ["busy"], [section]);
    }

    static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
