using System.Text.Json.Nodes;
using DmaHeap.Heaps;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.Fakes;

/// <summary>Reads scripts as a host does, and journals as a tester does.</summary>
internal static class Scripts
{
    public static FakeOptions Accept(string script) => (FakeOptions)Bind(script).ValueOrThrow()!;

    /// <summary>What is wrong with a script: <c>line:column: path: message</c>.</summary>
    public static string[] Errors(string script) => [.. Bind(script).Errors.Select(error => $"{error.Location.Line}:{error.Location.Column}: {error.Path}: {error.Message}")];

    /// <summary>The journal's lines from one on, after the first, which tells the seed.</summary>
    public static JsonObject[] Calls(this IHeapJournal heap) => [.. heap.ReadJournal(1, 100_000).Lines.Select(line => JsonNode.Parse(line)!.AsObject())];

    private static ConfigurationResult<object?> Bind(string script)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("script.json", script);
        var file = OptionsFile.Read(directory["script.json"]);
        return file.IsValid ? file.Value!.Bind("FakeHeap", typeof(FakeOptions)) : new ConfigurationResult<object?>(null, file.Errors);
    }
}
