using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Importers;

/// <summary>The importers of the program that embeds the host, which has no connection whose end would undo what they left. Thread-safe.</summary>
internal sealed class EmbeddedImporters
{
    private readonly ConcurrentDictionary<Importer, byte> _all = new();

    public int Count => _all.Count;

    public void Add(Importer importer) => _all[importer] = 0;

    /// <summary>The importer is done with; what it left is undone.</summary>
    public void Close(Importer importer)
    {
        if (_all.TryRemove(importer, out _)) importer.Close();
    }

    public void CloseAll()
    {
        foreach (var importer in _all.Keys) Close(importer);
    }
}
