using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace DmaHeap.Cli.Output;

/// <summary>Writes the documents without reflection, which would cost a third of the time of a short command.</summary>
[JsonSerializable(typeof(HeapsDocument))]
[JsonSerializable(typeof(ServeDocument))]
[JsonSerializable(typeof(AllocDocument))]
[JsonSerializable(typeof(BuffersDocument))]
[JsonSerializable(typeof(StatsDocument))]
[JsonSerializable(typeof(JournalDocument))]
[JsonSerializable(typeof(ValidateDocument))]
[JsonSerializable(typeof(PluginDocument))]
[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(ReloadDocument))]
[JsonSerializable(typeof(ShrinkDocument))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(VersionDocument))]
[JsonSerializable(typeof(DemoDocument))]
[JsonSerializable(typeof(PluginTestDocument))]
[JsonSerializable(typeof(FailureDocument))]
sealed partial class DocumentJson : JsonSerializerContext
{
    /// <summary>Messages quote names; they stay readable, as the output is no web page's.</summary>
    public static DocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    });
}
