using System.Collections;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Sections under names the file chooses, in its order. Only for the configuration's own types: plugin options have fixed keys.</summary>
internal abstract class SectionMap
{
    internal abstract void Add(JsonTreeProperty entry, object section);
}

/// <inheritdoc/>
internal sealed class SectionMap<T> : SectionMap, IReadOnlyCollection<(JsonTreeProperty Entry, T Section)>
    where T : class
{
    private readonly List<(JsonTreeProperty Entry, T Section)> _entries = [];

    public int Count => _entries.Count;

    public IEnumerator<(JsonTreeProperty Entry, T Section)> GetEnumerator() => _entries.GetEnumerator();

    internal override void Add(JsonTreeProperty entry, object section) => _entries.Add((entry, (T)section));

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
