using System.Text.Json.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Demo;

/// <summary>
/// The heaps whose memory only importers see, configured for whoever runs the demo: which importers are trusted, and where memory lies that is not RAM, no configuration could say before.
/// </summary>
static class ImportHeaps
{
    /// <summary>Writes the configuration and the file it names.</summary>
    /// <param name="home">Where to.</param>
    /// <param name="size">Bytes of a buffer.</param>
    public static void Write(DemoHome home, ByteSize size)
    {
        const int BuffersInRegion = 2;
        var page = Environment.SystemPageSize;
        var region = BuffersInRegion * ((size.Bytes + page - 1) / page * page);
        using (var file = File.Create(home.RegionFile)) file.SetLength(region);
        var us = new JsonArray(new JsonObject { ["users"] = new JsonArray(ProcessIdentity.EffectiveUserId) });
        var configuration = new JsonObject
        {
            ["version"] = 1,
            ["heaps"] = new JsonObject
            {
                ["demo-secure"] = Heap("SecureHeap", new JsonObject { ["importers"] = us.DeepClone() }),
                ["demo-attach-time"] = Heap("AttachTimeHeap", []),
                ["demo-region"] = Heap("RegionHeap", new JsonObject { ["path"] = home.RegionFile, ["size"] = region, ["importers"] = us }),
            },
        };
        File.WriteAllText(home.ImportConfiguration, configuration.ToJsonString());
    }

    static JsonObject Heap(string plugin, JsonObject options) => new() { ["plugin"] = plugin, ["required"] = false, ["options"] = options };
}
