using System.Text.Json;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>What the status says of memory that was given back.</summary>
internal static class ReclaimSection
{
    public static void Write(Utf8JsonWriter json, ReclaimTotals totals)
    {
        if (totals.Last is not { } last) return;
        json.WriteStartObject("reclaim");
        json.WriteNumber("times", totals.Times);
        json.WriteStartObject("given");
        foreach (var (source, bytes) in totals.BySource) json.WriteNumber(source, bytes);
        json.WriteEndObject();
        json.WriteStartObject("last");
        json.WriteString("at", last.At);
        json.WriteString("reason", JsonNamingPolicy.CamelCase.ConvertName(last.Reason.ToString()));
        if (last.Wanted != long.MaxValue) json.WriteNumber("wanted", last.Wanted);
        json.WriteNumber("given", last.Given);
        json.WriteStartArray("sources");
        foreach (var step in last.Steps) Write(json, step);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReclaimStep step)
    {
        json.WriteStartObject();
        json.WriteString("source", step.Source);
        json.WriteNumber("count", step.Count);
        json.WriteNumber("given", step.Given);
        json.WriteString("result", JsonNamingPolicy.CamelCase.ConvertName(step.Result.ToString()));
        json.WriteEndObject();
    }
}
