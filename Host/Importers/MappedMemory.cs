using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Importers;

/// <summary>What an importer gets of a buffer: descriptors, each once, and ranges of them in the order of the buffer. Whoever has it closes the descriptors.</summary>
internal sealed class MappedMemory(SafeFileHandle[] descriptors, MappedRange[] ranges) : IDisposable
{
    public SafeFileHandle[] Descriptors => descriptors;

    public MappedRange[] Ranges => ranges;

    public void Dispose()
    {
        foreach (var descriptor in descriptors) descriptor.Dispose();
    }
}

/// <summary>A range of one of the descriptors.</summary>
internal readonly record struct MappedRange(int Descriptor, long Offset, long Length);
