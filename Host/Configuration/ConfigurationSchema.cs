using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// Makes the JSON Schema (draft-07) of <c>plugins.json</c> from the very types it is read into, for editors and other tools.
/// What a schema cannot say is left to the reader: unique names, bounds of sizes and times given as text, rules over several keys.
/// </summary>
public static class ConfigurationSchema
{
    /// <summary>Makes the schema.</summary>
    /// <param name="plugins">Plugins whose options it shall describe; options of all others may be anything.</param>
    /// <returns>A new tree, the caller's to change or write.</returns>
    /// <exception cref="ArgumentException">An options class is not one that the host could fill; the message says why.</exception>
    public static JsonObject Generate(params IEnumerable<PluginOptions> plugins)
    {
        ArgumentNullException.ThrowIfNull(plugins);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "plugins.json",
            ["description"] = "The heaps a dmaheap host serves.",
        };
        foreach (var (key, value) in OptionsBinder.DescribeOwn<HostSection>().ToSchema()) schema[key] = value?.DeepClone();

        JsonNode[] rules = [.. plugins.Select(Rule)];
        if (rules.Length > 0) schema["properties"]!["heaps"]!["patternProperties"]![HeapSection.NamePattern]!["allOf"] = new JsonArray(rules);
        return schema;
    }

    /// <summary>Makes the schema of one plugin's options, as <see cref="Generate"/> has it inside. Runs no code of the plugin.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <returns>A new tree, the caller's to change or write.</returns>
    /// <exception cref="ArgumentException">The options class is not one that the host could fill; the message says why.</exception>
    public static JsonObject OfOptions(PluginOptions plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        return Describe(plugin).ToSchema();
    }

    /// <summary>"Not this plugin, or its options": the meaning of if and then, in words that validators of older drafts know too.</summary>
    private static JsonObject Rule(PluginOptions plugin)
    {
        var options = Describe(plugin);
        var condition = new JsonObject { ["plugin"] = Exactly(plugin.Plugin) };
        if (plugin.Type is not null) condition["type"] = Exactly(plugin.Type);
        var rule = new JsonObject { ["properties"] = new JsonObject { ["options"] = options.ToSchema() } };
        if (options.HasRequired) rule["required"] = new JsonArray("options");
        return new JsonObject
        {
            ["anyOf"] = new JsonArray(
                new JsonObject
                {
                    ["not"] = new JsonObject
                    {
                        ["properties"] = condition,
                        ["required"] = new JsonArray([.. condition.Select(c => JsonValue.Create(c.Key))]),
                    },
                },
                rule),
        };
    }

    private static OptionClass Describe(PluginOptions plugin)
    {
        if (plugin.OptionsType is null) return new OptionClass(typeof(object), []);
        var builder = new OptionTypeBuilder();
        var options = builder.Describe(plugin.OptionsType);
        return builder.Faults.Count == 0
            ? options
            : throw new ArgumentException($"{plugin.Plugin} has faulty options: {string.Join("; ", builder.Faults)}", nameof(plugin));
    }

    private static JsonObject Exactly(string text) => new() { ["enum"] = new JsonArray(text) };
}
