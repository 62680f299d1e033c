using System.Reflection;
using System.Text.RegularExpressions;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>docs/kernel-differences.md tells of what differences.txt pins, line by line, no more and no less.</summary>
public sealed partial class DifferencesDocumentTests
{
    private const char Part = '/', Star = '*';

    private static readonly IReadOnlyList<Told> s_document = Tell(File.ReadLines(Repository.File("docs", "kernel-differences.md")));
    private static readonly IReadOnlyList<Held> s_list = Hold(File.ReadLines(Repository.File("tests", "Exec", "differences.txt")));

    [Fact]
    public void Every_line_has_its_partner() => Assert.Empty(Widowed(s_document, s_list));

    [Fact]
    public void An_asterisk_here_is_an_asterisk_there() => Assert.Empty(Unlike(s_document, s_list));

    [Fact]
    public void The_tests_that_are_named_are_there()
    {
        var tests = typeof(DifferencesDocumentTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttributes<FactAttribute>().Any()).Select(method => $"{method.DeclaringType!.Name}.{method.Name}"))
            .ToHashSet();
        var named = s_list.Where(held => held.Test is not null).ToList();
        Assert.NotEmpty(named);
        Assert.Empty(named.Where(held => !tests.Contains(held.Test!)).Select(held => held.Test));
    }

    [Fact]
    public void A_line_too_few_or_too_many_is_noticed()
    {
        Assert.Contains("lseek", Widowed([.. s_document.Where(told => told.Name != "lseek")], s_list));
        Assert.Contains("export", Widowed([.. s_document.Where(told => told.Name != "export")], s_list));
        Assert.Contains("lseek", Widowed(s_document, [.. s_list.Where(held => held.Line != "lseek")]));
        Assert.Contains("driver", Widowed(s_document, [.. s_list.Where(held => held.Line != "driver")]));
        Assert.Contains("read", Widowed([.. s_document, new Told("read", false)], s_list)); // twice
        Assert.Contains("lease", Unlike([.. s_document.Select(told => told.Name == "lease" ? told with { IsRead = false } : told)], s_list));
        Assert.Contains("read", Unlike([.. s_document.Select(told => told.Name == "read" ? told with { IsRead = true } : told)], s_list));
    }

    /// <summary>Names of lines that only one of the two has, or one has twice. What is the same everywhere is no difference, and may be in the list alone.</summary>
    private static IEnumerable<string> Widowed(IReadOnlyList<Told> document, IReadOnlyList<Held> list)
    {
        var told = document.Select(line => line.Name).ToList();
        var held = list.Select(line => line.Line).ToHashSet();
        return told.Where(name => !held.Contains(name))
            .Concat(list.Where(line => line.IsDifference && !told.Contains(line.Line)).Select(line => line.Line))
            .Concat(told.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key));
    }

    /// <summary>Names of lines whose kernel was read by one of the two, and measured by the other. A line that was measured in any part was measured.</summary>
    private static IEnumerable<string> Unlike(IReadOnlyList<Told> document, IReadOnlyList<Held> list) =>
        document.Where(told => told.IsRead != list.Where(held => held.Line == told.Name && held.IsDifference).All(held => held.IsRead)).Select(told => told.Name);

    private static List<Told> Tell(IEnumerable<string> lines) =>
        [.. lines.Select(line => Row().Match(line)).Where(match => match.Success && match.Groups[1].Value != "line")
            .Select(match => new Told(match.Groups[1].Value, match.Groups[2].Value.TrimEnd().EndsWith(Star)))];

    private static List<Held> Hold(IEnumerable<string> lines)
    {
        const int Measured = 6;
        var held = new List<Held>();
        foreach (var cells in lines.Where(line => !line.StartsWith('#')).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(cells => cells.Length > 0))
        {
            var isMeasured = cells.Length == Measured && cells[1] != "-";
            var kernel = isMeasured ? cells[1] : cells[0];
            var isDifference = !isMeasured || cells[2..].Any(cell => cell != kernel.TrimEnd(Star));
            var test = !isMeasured && cells[1] != "-" ? Assert.Single(cells[1..]) : null;
            held.Add(new Held(cells[0].TrimEnd(Star).Split(Part)[0], isDifference, kernel.EndsWith(Star), test));
        }

        return held;
    }

    [GeneratedRegex(@"^\| ([a-z-]+) \|([^|]*)\|")]
    private static partial Regex Row();

    /// <summary>A line of the document.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="IsRead">Whether the kernel's answer was read in its source.</param>
    private sealed record Told(string Name, bool IsRead);

    /// <summary>A line of the list.</summary>
    /// <param name="Line">The document's line.</param>
    /// <param name="IsDifference">Whether anything in it differs from the kernel.</param>
    /// <param name="IsRead">Whether the kernel's answer was read in its source.</param>
    /// <param name="Test">The test that holds it, where that is another one.</param>
    private sealed record Held(string Line, bool IsDifference, bool IsRead, string? Test);
}
