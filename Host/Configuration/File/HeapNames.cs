namespace DmaHeap.Hosting.Configuration;

/// <summary>Checks that no name in <c>/dev/dma_heap</c> is given to two heaps, nor twice to one.</summary>
internal static class HeapNames
{
    // Works on the tree, so that names are compared even where other things are wrong.
    internal static void Check(JsonTreeNode root, ConfigurationErrors errors)
    {
        var taken = new Dictionary<string, IPlaced>();
        var heaps = root.Find("heaps")?.Value.Properties ?? [];
        foreach (var heap in heaps) taken.TryAdd(heap.Name, heap);
        foreach (var alias in heaps.SelectMany(heap => heap.Value.Find("aliases")?.Value.Items ?? []).Where(alias => alias.Kind == JsonTreeKind.Text))
        {
            if (taken.TryAdd(alias.Text, alias) || errors.IsFull) continue;
            var first = taken[alias.Text];
            var place = first.Location;
            errors.Add(alias, $"the name {JsonPath.Quote(alias.Text)} is taken on line {place.Line} (column {place.Column}) by {first.Path}");
        }
    }
}
