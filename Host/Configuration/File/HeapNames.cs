namespace DmaHeap.Hosting.Configuration;

/// <summary>Checks that no name in <c>/dev/dma_heap</c> is given to two heaps, nor twice to one.</summary>
internal static class HeapNames
{
    private readonly record struct Use(SourceLocation Location, string Path);

    // Works on the tree, so that names are compared even where other things are wrong.
    internal static void Check(JsonTreeNode root, ConfigurationErrors errors)
    {
        var taken = new Dictionary<string, Use>();
        var heaps = root.Find("heaps")?.Value.Properties ?? [];
        foreach (var heap in heaps) taken.TryAdd(heap.Name, new Use(heap.Location, heap.Path));
        foreach (var alias in heaps.SelectMany(heap => heap.Value.Find("aliases")?.Value.Items ?? []).Where(alias => alias.Kind == JsonTreeKind.Text))
        {
            var use = new Use(alias.Location, alias.Path);
            if (taken.TryAdd(alias.Text, use)) continue;
            var first = taken[alias.Text];
            errors.Add(alias, $"the name {JsonPath.Quote(alias.Text)} is taken on line {first.Location.Line} (column {first.Location.Column}) by {first.Path}");
        }
    }
}
