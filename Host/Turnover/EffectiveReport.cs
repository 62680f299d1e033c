using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Turnover;

/// <summary>The configuration in force, of all files together, each value with the place it comes from, as a JSON document.</summary>
internal static class EffectiveReport
{
    private const string Default = "default";

    public static byte[] Write(HostCore core)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var root = core.Plan.Configuration?.Root;
            json.WriteStartObject();
            json.WriteStartObject("limits");
            Value(json, "total", Size(core.Quotas.Host.Limit), Find(root, "limits", "total"));
            Value(json, "largestBuffer", Size(core.Plan.Limits.LargestBuffer), Find(root, "limits", "largestBuffer"));
            Value(json, "perUser", Size(core.Plan.Limits.PerUser), Find(root, "limits", "perUser"));
            json.WriteEndObject();
            Value(json, "drainTimeout", core.Plan.DrainLimit is { } limit ? Time(limit) : "none", Find(root, "drainTimeout"));
            Value(json, "server.spin", SpinText.Format(core.Plan.MostSpin), Find(root, "server", "spin"));
            json.WriteStartObject("heaps");
            foreach (var slot in core.Registry.Slots) Heap(json, slot);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Heap(Utf8JsonWriter json, HeapSlot slot)
    {
        var (definition, source) = (slot.Definition, slot.Definition.Source);
        var said = source?.Configuration?.Entry.Value;
        var swap = source?.Swap;
        json.WriteStartObject(slot.Name);
        json.WriteString("source", source?.Configuration?.Location.ToString() ?? "the program");
        Value(json, "plugin", definition.Plugin, Find(said, "plugin"), swap is null ? null : "swap");
        if (source?.Lease is { } lease)
        {
            json.WriteString("path", lease.Manifest.Path);
            json.WriteString("sha256", lease.Manifest.Sha256);
        }

        Value(json, "aliases", string.Join(' ', definition.Aliases), Find(said, "aliases"));
        Value(json, "access.mode", Convert.ToString(slot.Access.Mode, 8).PadLeft(4, '0'), Find(said, "access", "mode"));
        Value(json, "access.owner", slot.Access.UserId.ToString(CultureInfo.InvariantCulture), Find(said, "access", "owner"));
        Value(json, "access.group", slot.Access.GroupId.ToString(CultureInfo.InvariantCulture), Find(said, "access", "group"));
        Value(json, "limits.total", Size(definition.Limits.Total), Find(said, "limits", "total"));
        Value(json, "limits.largestBuffer", Size(definition.Limits.LargestBuffer), Find(said, "limits", "largestBuffer"));
        Value(json, "limits.perUser", Size(definition.Limits.PerUser), Find(said, "limits", "perUser"));
        Value(json, "commit", definition.Commit.ToString().ToLowerInvariant(), Find(said, "commit"));
        Value(json, "pages", definition.Pages switch { HeapPages.Huge => "2MiB", HeapPages.Auto => "auto", _ => "4KiB" }, Find(said, "pages"));
        if (definition.Pool is { } pool)
        {
            Value(json, "pool.min", pool.Min?.ToText() ?? "none", Find(said, "pool", "min"));
            Value(json, "pool.max", pool.Max.ToText(), Find(said, "pool", "max"));
            Value(json, "pool.sizes", string.Join(' ', pool.Sizes), Find(said, "pool", "sizes"));
        }
        else
        {
            Value(json, "pool", "none", null);
        }

        Value(json, "recycle", definition.Recycle.ToString().ToLowerInvariant(), Find(said, "recycle"));
        Value(json, "cached", definition.Cached ? "true" : "false", Find(said, "cached"));
        Value(json, "opTimeout", Time(definition.OpTimeout), Find(said, "opTimeout"));
        Value(json, "faults.count", definition.Faults.Count.ToString(CultureInfo.InvariantCulture), Find(said, "faults", "count"));
        Value(json, "faults.within", Time(definition.Faults.Within), Find(said, "faults", "within"));
        Value(json, "required", definition.Required ? "true" : "false", Find(said, "required"));
        if (swap is null && source?.Configuration?.Options is { } options) Options(json, "options", options);
        else if (swap?.Options is { Path.Length: > 0 } file) Value(json, "options", file.Path, null, "swap");
        json.WriteEndObject();
    }

    private static void Options(Utf8JsonWriter json, string path, JsonTreeNode node)
    {
        foreach (var property in node.Properties) Options(json, $"{path}.{property.Name}", property.Value);
        for (var i = 0; i < node.Items.Count; i++) Options(json, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), node.Items[i]);
        if (node.Kind is not (JsonTreeKind.Object or JsonTreeKind.Array)) Value(json, path, node.Text, node);
    }

    private static JsonTreeNode? Find(JsonTreeNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path) node = node?.Find(name)?.Value;
        return node;
    }

    private static void Value(Utf8JsonWriter json, string name, string value, JsonTreeNode? place, string? source = null)
    {
        json.WriteStartObject(name);
        json.WriteString("value", value);
        json.WriteString("source", source ?? place?.Location.ToString() ?? Default);
        json.WriteEndObject();
    }

    private static string Size(long bytes) => bytes == long.MaxValue ? "none" : new ByteSize(bytes).ToText();

    private static string Time(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
