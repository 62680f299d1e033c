using System.Runtime.InteropServices;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Importers;

/// <summary>
/// What an importer gets of a buffer: descriptors, each once, and ranges of them in the order of the buffer. A part of a call and used again with it, so that a mapping leaves nothing on
/// the managed heap: whoever is told of it takes what it needs meanwhile.
/// </summary>
internal sealed class MappedMemory
{
    private readonly List<HostMemory> _memories = []; // what each of the descriptors is, or will be, of
    private readonly List<ReusableDescriptor> _places = []; // as many as were ever needed
    private readonly List<MappedRange> _ranges = [];

    public bool IsEmpty => _ranges.Count == 0;

    public ReadOnlySpan<ReusableDescriptor> Descriptors => CollectionsMarshal.AsSpan(_places)[.._memories.Count];

    public ReadOnlySpan<MappedRange> Ranges => CollectionsMarshal.AsSpan(_ranges);

    /// <summary>Where segments are put together that no heap made.</summary>
    public List<MemorySegment> Segments { get; } = [];

    /// <summary>Adds a range of some memory, in the order of the buffer. The memory is opened when all are there.</summary>
    /// <returns>Of how many memories there are ranges now.</returns>
    public int Add(HostMemory memory, long offset, long length)
    {
        var index = _memories.IndexOf(memory);
        if (index < 0)
        {
            index = _memories.Count;
            _memories.Add(memory);
            if (_places.Count == index) _places.Add(new ReusableDescriptor());
        }

        _ranges.Add(new MappedRange(index, memory.OffsetInFile + offset, length));
        return _memories.Count;
    }

    /// <summary>Opens all that ranges were added of.</summary>
    /// <param name="direction">Which way the importer moves data.</param>
    /// <param name="own">The buffer's own memory.</param>
    /// <param name="shown">The descriptor the importer showed of that.</param>
    /// <exception cref="HeapException">As <see cref="HostMemory.OpenForImporter"/>.</exception>
    public void Open(DataDirection direction, HostMemory own, SafeHandle shown)
    {
        for (var i = 0; i < _memories.Count; i++) _memories[i].OpenForImporter(direction, _memories[i] == own ? shown : null, _places[i]);
    }

    /// <summary>Moves it all to handles of their own.</summary>
    public HostSegment[] TakeSegments()
    {
        var handles = new List<Microsoft.Win32.SafeHandles.SafeFileHandle>(_memories.Count);
        foreach (var place in Descriptors) handles.Add(place.ToFileHandle());
        return [.. _ranges.Select(range => new HostSegment(handles[range.Descriptor], range.Offset, range.Length))];
    }

    /// <summary>Closes what is still there.</summary>
    public void Clear()
    {
        foreach (var descriptor in Descriptors) descriptor.Clear();
        _memories.Clear();
        _ranges.Clear();
        Segments.Clear();
    }
}

/// <summary>A range of one of the descriptors.</summary>
internal readonly record struct MappedRange(int Descriptor, long Offset, long Length);
