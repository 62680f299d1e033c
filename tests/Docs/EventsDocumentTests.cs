using System.Reflection;
using System.Text.RegularExpressions;
using DmaHeap.Hosting;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Tests.Docs;

/// <summary>docs/events.md lists what there is, no more and no less.</summary>
public sealed partial class EventsDocumentTests
{
    private static readonly string[] s_lines = File.ReadAllLines(Repository.File("docs", "events.md"));

    [Fact]
    public void Every_log_event_is_listed_with_its_id_and_level()
    {
        var service = Assembly.LoadFrom(Builds.File("DmaHeap.Cli", "dmaheap")).GetType("DmaHeap.Cli.Service.ServiceLog", throwOnError: true)!;
        var logged = new[] { typeof(HostLog), service }.SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
            .Select(method => (method.Name, Attribute: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(entry => entry.Attribute is not null)
            .Select(entry => $"{entry.Attribute!.EventId} {entry.Name} {entry.Attribute.Level.ToString().ToLowerInvariant()}")
            .Append($"{HostLog.HeapEntry.Id} {HostLog.HeapEntry.Name} any");
        var listed = s_lines.Select(line => EventRow().Match(line)).Where(match => match.Success)
            .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value} {match.Groups[3].Value}");
        Assert.Equal(logged.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_cause_code_is_listed()
    {
        var codes = typeof(HeapCause).GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => (string)field.GetRawConstantValue()!);
        var listed = s_lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value));
        Assert.Equal(codes.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \| (\w+) \|")]
    private static partial Regex EventRow();

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Code();
}
