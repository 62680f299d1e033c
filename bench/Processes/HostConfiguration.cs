namespace DmaHeap.Bench;

/// <summary>Configurations of hosts under test.</summary>
static class HostConfiguration
{
    /// <summary>The one that users start with.</summary>
    public static string Shipped => Path.Combine(Repository.Root, "plugins.json");

    /// <summary>A host with a heap of pages, <c>system</c>.</summary>
    /// <param name="folder">Where the file goes.</param>
    /// <param name="name">Its name.</param>
    /// <param name="keys">Further keys of the heap, as JSON: <c>"pages": "2MiB"</c>.</param>
    /// <param name="server">Keys of <c>server</c>, as JSON.</param>
    public static string OfSystemHeap(string folder, string name, string keys = "", string server = "")
    {
        var file = Path.Combine(folder, name + ".json");
        var more = keys.Length == 0 ? "" : ", " + keys;
        File.WriteAllText(file, $$"""{ "version": 1, "server": { {{server}} }, "heaps": { "system": { "plugin": "SystemHeap"{{more}} } } }""");
        return file;
    }
}
