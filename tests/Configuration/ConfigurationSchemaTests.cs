using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;
using NJsonSchema;
using NJsonSchema.Validation;

namespace DmaHeap.Tests.Configuration;

public sealed class ConfigurationSchemaTests
{
    private const string Regenerate = "DMAHEAP_WRITE_SCHEMA";

    [Fact]
    public void The_committed_schema_is_the_generated_one()
    {
        var path = Path.Combine(Reading.RepositoryRoot, "docs", "plugins.schema.json");
        var generated = ConfigurationSchema.Generate(ShippedPlugins.Options).ToJsonString(new JsonSerializerOptions
        {
            WriteIndented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }) + "\n";
        if (Environment.GetEnvironmentVariable(Regenerate) == "1") File.WriteAllText(path, generated);

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == generated,
            $"docs/plugins.schema.json is not what the types say. Write it anew: {Regenerate}=1 artifacts/bin/DmaHeap.Tests/debug/DmaHeap.Tests --filter-class '*ConfigurationSchemaTests'");
    }

    [Fact]
    public async Task The_shipped_file_fits_the_schema()
    {
        var schema = await JsonSchema.FromJsonAsync(ConfigurationSchema.Generate(ShippedPlugins.Options).ToJsonString());

        Assert.Empty(Validate(schema, await File.ReadAllTextAsync(Path.Combine(Reading.RepositoryRoot, "plugins.json"))));
    }

    [Theory]
    [MemberData(nameof(SchemaCases.Accepted), MemberType = typeof(SchemaCases))]
    public async Task What_the_reader_accepts_fits_the_schema(string json)
    {
        Assert.Empty(ErrorsOfTheReader(json));
        Assert.Empty(Validate(await Schema(), json));
    }

    [Theory]
    [MemberData(nameof(SchemaCases.Refused), MemberType = typeof(SchemaCases))]
    public async Task What_the_reader_refuses_does_not_fit_the_schema(string json)
    {
        Assert.NotEmpty(ErrorsOfTheReader(json));
        Assert.NotEmpty(Validate(await Schema(), json));
    }

    [Theory]
    [MemberData(nameof(SchemaCases.RefusedByTheReaderAlone), MemberType = typeof(SchemaCases))]
    public async Task What_a_schema_cannot_say_is_refused_by_the_reader(string json)
    {
        Assert.NotEmpty(ErrorsOfTheReader(json));
        Assert.Empty(Validate(await Schema(), json));
    }

    [Fact]
    public void Defaults_descriptions_and_texts_of_enums_are_in_the_schema()
    {
        var heap = ConfigurationSchema.Generate(SchemaCases.Plugins)["properties"]!["heaps"]!["patternProperties"]![HeapSection.NamePattern]!;

        Assert.Equal("lazy", (string)heap["properties"]!["commit"]!["default"]!);
        Assert.Equal(["lazy", "committed"], heap["properties"]!["commit"]!["enum"]!.AsArray().Select(text => (string)text!));
        var options = heap["allOf"]![0]!["anyOf"]![1]!["properties"]!["options"]!["properties"]!;
        Assert.Equal("Bytes of the region. (From 4KiB to 1TiB.)", (string)options["size"]!["description"]!);
        Assert.Equal("64MiB", (string)options["size"]!["default"]!);
        Assert.Equal(2, (int)options["threads"]!["default"]!);
        Assert.True((bool)options["clear"]!["default"]!);
        Assert.Equal("[\"4KiB\",8192]", options["classes"]!["default"]!.ToJsonString());
    }

    [Fact]
    public void A_plugin_with_faulty_options_has_no_schema() =>
        Assert.Contains("Ratio", Assert.Throws<ArgumentException>(() => ConfigurationSchema.Generate(new PluginOptions("X", null, typeof(OptionsBinderTests.WithDouble)))).Message);

    /// <summary>Without the comments, which the validator takes for the document.</summary>
    private static ICollection<ValidationError> Validate(JsonSchema schema, string json)
    {
        var document = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        return schema.Validate(document?.ToJsonString() ?? "null");
    }

    private static Task<JsonSchema> Schema() => JsonSchema.FromJsonAsync(ConfigurationSchema.Generate(SchemaCases.Plugins).ToJsonString());

    /// <summary>Of the file, then of the options of the plugins the schema knows.</summary>
    private static List<ConfigurationError> ErrorsOfTheReader(string json)
    {
        var result = ConfigurationReader.Parse(json);
        List<ConfigurationError> errors = [.. result.Errors];
        foreach (var heap in result.Value?.Heaps ?? [])
        {
            var plugin = SchemaCases.Plugins.FirstOrDefault(p => p.Plugin == heap.Plugin && (p.Type is null || p.Type == heap.Type));
            if (plugin is not null) errors.AddRange(ConfigurationReader.BindOptions(heap, plugin.OptionsType).Errors);
        }

        return errors;
    }
}
