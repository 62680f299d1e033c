using System.Collections.Frozen;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The heaps of a host by name and alias. Immutable: a change is another registry, swapped in at once.</summary>
internal sealed class HeapRegistry
{
    private readonly FrozenDictionary<string, HeapSlot> _byName;

    public HeapRegistry(IReadOnlyList<HeapSlot> slots)
    {
        Slots = slots;
        Names = [.. slots.SelectMany(slot => slot.Definition.Aliases.Prepend(slot.Name).Select(name => KeyValuePair.Create(name, slot)))];
        _byName = Names.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>In the order of the configuration.</summary>
    public IReadOnlyList<HeapSlot> Slots { get; }

    /// <summary>All names and aliases, in that order.</summary>
    public KeyValuePair<string, HeapSlot>[] Names { get; }

    /// <summary>The heap of a name or alias, active or not.</summary>
    /// <exception cref="HeapException">ENOENT, naming the heaps there are.</exception>
    public HeapSlot Find(string name)
    {
        if (_byName.TryGetValue(name, out var slot)) return slot;
        throw new HeapException(HeapErrno.NoEntry, HeapCause.UnknownHeap,
            Slots.Count == 0 ? $"there is no heap \"{name}\": this host has none" : $"there is no heap \"{name}\"; there are {string.Join(", ", Slots.Select(known => known.Name))}");
    }

    /// <summary>Refuses bad and doubled names before anything is created.</summary>
    /// <exception cref="ArgumentException">Says which name, and whose.</exception>
    public static void ThrowIfNamesClash(IEnumerable<HeapDefinition> definitions)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var definition in definitions)
        {
            foreach (var name in definition.Aliases.Prepend(definition.Name))
            {
                if (!HeapSection.IsName(name)) throw new ArgumentException($"\"{name}\" is not {HeapSection.NameRule}");
                if (!owners.TryAdd(name, definition.Name))
                {
                    throw new ArgumentException($"two heaps are called \"{name}\": {owners[name]} and {definition.Name}");
                }
            }
        }
    }
}
