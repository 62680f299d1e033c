namespace DmaHeap.Hosting.Configuration;

/// <summary>Checks that no name in <c>/dev/dma_heap</c> is given to two heaps, nor twice to one.</summary>
internal static class HeapNames
{
    // Works on the trees, so that names are compared even where other things are wrong.
    internal static void Check(IReadOnlyList<JsonTreeNode> roots, ConfigurationErrors errors)
    {
        var taken = new Dictionary<string, IPlaced>();
        var heaps = roots.SelectMany(root => root.Find("heaps")?.Value.Properties ?? []).ToArray();
        foreach (var heap in heaps)
        {
            if (taken.TryAdd(heap.Name, heap) || errors.IsFull) continue;
            errors.Add(heap, $"heap {JsonPath.Quote(heap.Name)} is given twice: here and {PlaceOf(taken[heap.Name], heap)}");
        }

        foreach (var alias in heaps.SelectMany(heap => heap.Value.Find("aliases")?.Value.Items ?? []).Where(alias => alias.Kind == JsonTreeKind.Text))
        {
            if (taken.TryAdd(alias.Text, alias) || errors.IsFull) continue;
            var first = taken[alias.Text];
            errors.Add(alias, $"the name {JsonPath.Quote(alias.Text)} is taken {PlaceOf(first, alias)} by {first.Path}");
        }
    }

    private static string PlaceOf(IPlaced first, IPlaced again)
    {
        var place = first.Location;
        return place.File == again.Location.File ? $"on line {place.Line} (column {place.Column})" : $"at {place}";
    }
}
