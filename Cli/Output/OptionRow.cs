using System.Text.Json.Nodes;

namespace DmaHeap.Cli.Output;

/// <summary>One option of a plugin for people, taken from the schema of its options.</summary>
/// <param name="Key">As in the file; an option inside an object follows the object's key and a dot.</param>
/// <param name="Value">What may be written.</param>
/// <param name="Default">What stands for it when it is left out.</param>
/// <param name="Meaning">What it does.</param>
sealed record OptionRow(string Key, string Value, string Default, string Meaning)
{
    public static IEnumerable<OptionRow> Of(JsonObject schema, string before = "")
    {
        string[] required = [.. schema["required"]?.AsArray().Select(key => (string)key!) ?? []];
        foreach (var (key, node) in schema["properties"]?.AsObject() ?? [])
        {
            var option = node!.AsObject();
            if (option["properties"] is JsonObject)
            {
                foreach (var inner in Of(option, $"{before}{key}.")) yield return inner;
                continue;
            }

            var otherwise = required.Contains(key) ? "must be given" : option["default"]?.ToJsonString(DocumentJson.Readable.Options) ?? "";
            yield return new OptionRow(before + key, ValueOf(option), otherwise, (string?)option["description"] ?? "");
        }
    }

    static string ValueOf(JsonObject option)
    {
        if (option["enum"] is JsonArray values) return string.Join(" | ", values.Select(value => value!.ToString()));
        if (option["items"] is JsonObject item) return $"list of {ValueOf(item)}";
        return option["type"] switch
        {
            JsonArray types => string.Join(" or ", types.Select(type => (string)type!)),
            { } type => (string)type!,
            _ => option["anyOf"] is JsonArray some ? string.Join(" or ", some.Select(each => ValueOf(each!.AsObject()))) : "any",
        };
    }
}
