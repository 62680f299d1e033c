using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap status</c>: the states of heaps and plugins, past ones included, and what became of the last change.</summary>
static class StatusCommand
{
    static readonly Option<bool> s_effective = new("--effective") { Description = "Show the configuration in force instead, each value with the place it comes from." };

    public static Command Create()
    {
        var command = new Command("status", "Show the states of heaps and plugins, heaps that still drain included, and what became of the last reload.") { s_effective, CommonOptions.Socket };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        if (parsed.GetValue(s_effective))
        {
            var configuration = (JsonObject)JsonNode.Parse(await client.EffectiveConfigurationAsync(cancellationToken))!;
            Results.Of(parsed).Write(configuration, known => known.JsonObject, console => ShowEffective(configuration, console));
            return ExitCode.Success;
        }

        var status = (JsonObject)JsonNode.Parse(await client.StatusAsync(cancellationToken))!;
        Results.Of(parsed).Write(status, known => known.JsonObject, console => Show(status, console));
        return ExitCode.Success;
    }

    static void Show(JsonObject status, IAnsiConsole console)
    {
        var table = Tables.Create("HEAP", "STATE", "SINCE", "PLUGIN", "HASH", ">BUFFERS", ">ALLOCATED", ">FAILED", "WHY");
        foreach (var heap in Rows(status, "heaps"))
        {
            Add(table, heap, heap["standsInFor"] is { } other ? $"stands in for {Text(other, "plugin")}, of which {Text(other, "buffers")} buffers live" : Trouble(heap));
        }

        foreach (var retired in Rows(status, "retired")) Add(table, retired, $"{Text(retired, "why")}; {Text(retired, "reason") ?? Text(retired, "holders") ?? "its buffers live"}");
        console.Write(table);
        foreach (var plugin in Rows(status, "stayed")) console.WriteLine($"{Text(plugin, "plugin")} ({Hash(plugin)}) is still in memory since {Time(plugin, "since")}: {Text(plugin, "detail")}");
        if (status["reclaim"] is JsonObject reclaim) ShowReclaim(reclaim, console);
        if (status["loading"] is JsonObject loading) console.WriteLine($"Loading since {Time(loading, "since")}: {Text(loading, "what")}");
        if (status["reload"] is JsonObject reload) ShowReload(reload, console);
        if (status["refused"] is JsonObject refused && Text(refused, "what") != "reload") console.WriteLine($"Refused at {Time(refused, "at")}: {Text(refused, "what")}: {Words.Visible(Text(refused, "reason") ?? "")}");
    }

    static void ShowReclaim(JsonObject reclaim, IAnsiConsole console)
    {
        var last = reclaim["last"]!;
        var sources = string.Join(", ", last["sources"]!.AsArray().Select(source => $"{Text(source!, "source")} {Words.Size((long)source!["given"]!)}"));
        console.WriteLine($"Gave {Words.Size((long)last["given"]!)} back at {Time(last, "at")} ({Text(last, "reason")}: {Words.Visible(sources)}), {Words.Size(reclaim["given"]!.AsObject().Sum(given => (long)given.Value!))} since the host started.");
    }

    static void ShowEffective(JsonObject configuration, IAnsiConsole console)
    {
        var table = Tables.Create("KEY", "VALUE", "FROM");
        Flatten("", configuration);
        console.Write(table);

        void Flatten(string path, JsonObject node)
        {
            foreach (var (name, value) in node)
            {
                var key = path.Length == 0 ? name : $"{path}.{name}";
                if (value is JsonObject { Count: 2 } leaf && leaf["value"] is { } text && leaf["source"] is { } from) table.Add(key, text.ToString(), from.ToString());
                else if (value is JsonObject inner) Flatten(key, inner);
                else if (name is "path" or "sha256") table.Add(key, value!.ToString(), "");
            }
        }
    }

    static void ShowReload(JsonObject reload, IAnsiConsole console)
    {
        if ((bool)reload["applied"]!)
        {
            var counts = string.Join(", ", new[] { "added", "removed", "replaced", "changed", "unchanged" }.Select(name => $"{Text(reload, name)} {name}"));
            console.WriteLine($"Reloaded at {Time(reload, "at")}: {counts}");
            return;
        }

        console.WriteLine($"The reload at {Time(reload, "at")} was refused, and what ran goes on:");
        foreach (var error in reload["errors"]!.AsArray()) console.Profile.Out.Writer.WriteLine($"  {(string)error!}");
    }

    static void Add(Table table, JsonObject heap, string why) => table.Add(
        Text(heap, "name")!, Text(heap, "state")!, Time(heap, "since"), Text(heap, "plugin") is { Length: > 0 } plugin ? plugin : "-", Hash(heap), Text(heap, "buffers")!,
        Text(heap, "allocations") ?? "-", Text(heap, "failures") ?? "-", why);

    static string Trouble(JsonObject heap)
    {
        var reason = Text(heap, "reason");
        return heap["lastError"] is { } last ? $"{reason ?? "last error"}; {Text(last, "hook")} at {Time(last, "at")}: {Text(last, "message")}" : reason ?? "";
    }

    static IEnumerable<JsonObject> Rows(JsonObject status, string name) => status[name]!.AsArray().OfType<JsonObject>();

    static string? Text(JsonNode row, string name) => row[name]?.ToString();

    static string Hash(JsonObject row) => Text(row, "sha256") is { Length: > 12 } hash ? hash[..12] : "-";

    static string Time(JsonNode row, string name) =>
        DateTimeOffset.TryParse(Text(row, name), CultureInfo.InvariantCulture, out var time) ? time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "-";
}
