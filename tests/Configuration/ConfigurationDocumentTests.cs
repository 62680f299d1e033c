using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

/// <summary>docs/configuration.md says what is so.</summary>
public sealed class ConfigurationDocumentTests
{
    private static readonly string s_text = File.ReadAllText(Path.Combine(Reading.RepositoryRoot, "docs", "configuration.md"));

    [Fact]
    public void The_errors_shown_are_those_of_the_example() =>
        Assert.Equal(Block("text"), string.Concat(ConfigurationReader.Parse(Block("jsonc")).Errors.Select(e => e + "\n")));

    [Fact]
    public void Every_key_is_mentioned()
    {
        var keys = new HashSet<string>();
        AddKeys(ConfigurationSchema.Generate(), keys);

        Assert.Contains("largestBuffer", keys);
        Assert.All(keys, key => Assert.Contains($"{key}`", s_text));
    }

    private static void AddKeys(JsonNode? schema, HashSet<string> keys)
    {
        if (schema is not JsonObject node) return;
        foreach (var (key, value) in node["properties"] as JsonObject ?? [])
        {
            keys.Add(key);
            AddKeys(value, keys);
        }

        foreach (var (_, value) in node["patternProperties"] as JsonObject ?? []) AddKeys(value, keys);
    }

    private static string Block(string language)
    {
        var start = s_text.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return s_text[start..s_text.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
