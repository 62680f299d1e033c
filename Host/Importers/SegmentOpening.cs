using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Ops;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Importers;

/// <summary>Turns the segments a heap mapped into descriptors for an importer. A heap's word is checked first: what is wrong with it is the heap's fault, not the importer's.</summary>
/// <param name="ops">Says so of a heap that broke the contract.</param>
/// <param name="call">The call, which gives what is opened.</param>
/// <param name="op">The op that returned the segments.</param>
internal readonly ref struct SegmentOpening(BufferOps ops, OpCall call, string op)
{
    /// <param name="segments">What the heap returned.</param>
    /// <param name="constraints">What the importer takes.</param>
    /// <param name="direction">Which way it moves data.</param>
    /// <param name="importer">For whom.</param>
    /// <exception cref="HeapException">EIO: the heap broke the contract. EACCES: the descriptor shown does not allow it. EMFILE. EINVAL: more segments than a message holds.</exception>
    public void Open(IReadOnlyList<MemorySegment> segments, AttachConstraints constraints, DataDirection direction, KeptBuffer importer)
    {
        ThrowIfTooMany(segments);
        Check(segments, importer.Record.Memory);
        CheckConstraints(segments, constraints);
        OpenChecked(segments, direction, importer);
    }

    /// <summary>The one segment of a vmap.</summary>
    public void OpenWhole(MemorySegment segment, KeptBuffer importer)
    {
        var segments = call.Memory.Segments;
        segments.Add(segment);
        Check(segments, importer.Record.Memory);
        // Opaque memory is shown by a descriptor that says nothing of what is behind it.
        OpenChecked(segments, importer.Record.IsOpaque ? DataDirection.Bidirectional : ShownAccess.MostOf(importer.Shown), importer);
    }

    private void Check(IReadOnlyList<MemorySegment> segments, HostMemory own)
    {
        var left = own.Length;
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (segment.Memory is not HostMemory memory) throw Broken("returned a segment of memory that is not of the host's memory service");
            if (memory != own && memory.IsClaimed) throw Broken("returned a segment of another buffer's memory");
            if (segment.Offset < 0 || segment.Length <= 0 || segment.Offset > memory.Length - segment.Length)
            {
                throw Broken($"returned {segment.Length} bytes from {segment.Offset} of memory of {memory.Length}");
            }

            left -= Math.Min(left, segment.Length);
        }

        if (left > 0) throw Broken($"returned segments of {own.Length - left} bytes for a buffer of {own.Length}");
    }

    private void CheckConstraints(IReadOnlyList<MemorySegment> segments, AttachConstraints constraints)
    {
        if (constraints.MaxSegments > 0 && segments.Count > constraints.MaxSegments)
        {
            throw Broken($"returned {segments.Count} segments where the attachment takes {constraints.MaxSegments}");
        }

        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (constraints.MaxSegmentBytes > 0 && segment.Length > constraints.MaxSegmentBytes)
            {
                throw Broken($"returned a segment of {segment.Length} bytes where the attachment takes {constraints.MaxSegmentBytes}");
            }

            if (constraints.Alignment > 0 && segment.Offset % constraints.Alignment != 0)
            {
                throw Broken($"returned a segment at {segment.Offset} where the attachment needs an alignment of {constraints.Alignment}");
            }
        }
    }

    private static void ThrowIfTooMany(IReadOnlyList<MemorySegment> segments)
    {
        if (segments.Count > ImportLimits.MostSegments) throw TooMany($"has {segments.Count} segments and a message holds {ImportLimits.MostSegments}: ask for longer ones");
    }

    private void OpenChecked(IReadOnlyList<MemorySegment> segments, DataDirection direction, KeptBuffer importer)
    {
        for (var i = 0; i < segments.Count; i++)
        {
            if (call.Memory.Add((HostMemory)segments[i].Memory, segments[i].Offset, segments[i].Length) <= ProtocolConstants.MaxDescriptors) continue;
            throw TooMany($"is made of more than {ProtocolConstants.MaxDescriptors} pieces of memory and a message carries no more descriptors");
        }

        call.Memory.Open(direction, importer.Record.Memory, importer.Shown);
    }

    private HeapException Broken(string what) => ops.Broken(call, op, what);

    private static HeapException TooMany(string what) => new(HeapErrno.Invalid, HeapCause.ConstraintsNotMet, $"the mapping {what}");
}
