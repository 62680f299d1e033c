using DmaHeap.Hosting.Memory;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Importers;

/// <summary>Turns the segments a heap mapped into descriptors for an importer. A heap's word is checked first: what is wrong with it is the heap's fault, not the importer's.</summary>
internal static class SegmentOpening
{
    /// <param name="segments">What the heap returned.</param>
    /// <param name="attachment">For whom.</param>
    /// <param name="direction">Which way the importer moves data.</param>
    /// <param name="broken">Makes the exception for a heap that broke the contract.</param>
    /// <exception cref="HeapException">EIO: the heap broke the contract. EACCES: the descriptor shown does not allow it. EMFILE. EINVAL: more segments than a message holds.</exception>
    public static MappedMemory Open(IReadOnlyList<MemorySegment> segments, Attachment attachment, DataDirection direction, Func<string, HeapException> broken)
    {
        ThrowIfTooMany(segments);
        Check(segments, attachment.Record.Memory, broken);
        CheckConstraints(segments, attachment.Constraints, broken);
        return Open(segments, direction, attachment);
    }

    /// <summary>The one segment of a vmap.</summary>
    public static MappedMemory OpenWhole(MemorySegment segment, VirtualMapping mapping, Func<string, HeapException> broken)
    {
        Check([segment], mapping.Record.Memory, broken);
        // Opaque memory is shown by a descriptor that says nothing of what is behind it.
        return Open([segment], mapping.Record.IsOpaque ? DataDirection.Bidirectional : ShownAccess.MostOf(mapping.Shown), mapping);
    }

    private static void Check(IReadOnlyList<MemorySegment> segments, HostMemory own, Func<string, HeapException> broken)
    {
        var left = own.Length;
        foreach (var segment in segments)
        {
            if (segment.Memory is not HostMemory memory) throw broken("returned a segment of memory that is not of the host's memory service");
            if (memory != own && memory.IsClaimed) throw broken("returned a segment of another buffer's memory");
            if (segment.Offset < 0 || segment.Length <= 0 || segment.Offset > memory.Length - segment.Length)
            {
                throw broken($"returned {segment.Length} bytes from {segment.Offset} of memory of {memory.Length}");
            }

            left -= Math.Min(left, segment.Length);
        }

        if (left > 0) throw broken($"returned segments of {own.Length - left} bytes for a buffer of {own.Length}");
    }

    private static void CheckConstraints(IReadOnlyList<MemorySegment> segments, AttachConstraints constraints, Func<string, HeapException> broken)
    {
        if (constraints.MaxSegments > 0 && segments.Count > constraints.MaxSegments)
        {
            throw broken($"returned {segments.Count} segments where the attachment takes {constraints.MaxSegments}");
        }

        foreach (var segment in segments)
        {
            if (constraints.MaxSegmentBytes > 0 && segment.Length > constraints.MaxSegmentBytes)
            {
                throw broken($"returned a segment of {segment.Length} bytes where the attachment takes {constraints.MaxSegmentBytes}");
            }

            if (constraints.Alignment > 0 && segment.Offset % constraints.Alignment != 0)
            {
                throw broken($"returned a segment at {segment.Offset} where the attachment needs an alignment of {constraints.Alignment}");
            }
        }
    }

    private static void ThrowIfTooMany(IReadOnlyList<MemorySegment> segments)
    {
        if (segments.Count > ImportLimits.MostSegments) throw TooMany($"has {segments.Count} segments and a message holds {ImportLimits.MostSegments}: ask for longer ones");
    }

    private static MappedMemory Open(IReadOnlyList<MemorySegment> segments, DataDirection direction, KeptBuffer importer)
    {
        var memories = new List<HostMemory>(1);
        var ranges = new MappedRange[segments.Count];
        for (var i = 0; i < ranges.Length; i++)
        {
            var memory = (HostMemory)segments[i].Memory;
            var index = memories.IndexOf(memory);
            if (index < 0)
            {
                index = memories.Count;
                if (index == ProtocolConstants.MaxDescriptors) throw TooMany($"is made of more than {ProtocolConstants.MaxDescriptors} pieces of memory and a message carries no more descriptors");
                memories.Add(memory);
            }

            ranges[i] = new MappedRange(index, memory.OffsetInFile + segments[i].Offset, segments[i].Length);
        }

        var descriptors = new List<SafeFileHandle>(memories.Count);
        try
        {
            foreach (var memory in memories) descriptors.Add(memory.OpenForImporter(direction, memory == importer.Record.Memory ? importer.Shown : null));
            return new MappedMemory([.. descriptors], ranges);
        }
        catch
        {
            foreach (var descriptor in descriptors) descriptor.Dispose();
            throw;
        }
    }

    private static HeapException TooMany(string what) => new(HeapErrno.Invalid, HeapCause.ConstraintsNotMet, $"the mapping {what}");
}
