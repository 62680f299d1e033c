using System.Numerics;

namespace DmaHeap.Hosting.Importers;

/// <summary>The refusals that need no heap: constraints and directions that no memory could meet, since they say nothing.</summary>
internal static class ConstraintCheck
{
    /// <exception cref="HeapException">EINVAL, naming what is wrong and what would be right.</exception>
    public static void ThrowIfNonsense(AttachConstraints constraints, DataDirection direction)
    {
        if (constraints.Alignment < 0 || (constraints.Alignment > 0 && !BitOperations.IsPow2(constraints.Alignment)))
        {
            throw Bad($"an alignment of {constraints.Alignment} bytes: 0 for none, or a power of two");
        }

        if (constraints.MaxSegmentBytes < 0) throw Bad($"a longest segment of {constraints.MaxSegmentBytes} bytes: 0 for no limit, or a positive number");
        if (constraints.MaxSegments < 0) throw Bad($"at most {constraints.MaxSegments} segments: 0 for no limit, or a positive number");
        if (constraints.Caching is < ImporterCaching.Any or > ImporterCaching.Uncached) throw Bad($"caching {(int)constraints.Caching}: 0 any, 1 cached or 2 uncached");
        ThrowIfNonsense(direction);
    }

    /// <summary>Refuses segments so short that no message could name them all, before a heap counts them out.</summary>
    /// <exception cref="HeapException">EINVAL <see cref="HeapCause.ConstraintsNotMet"/>, with what would fit.</exception>
    public static void ThrowIfTooFine(AttachConstraints constraints, long length)
    {
        if (constraints.MaxSegmentBytes == 0) return;
        var least = (length - 1) / ImportLimits.MostSegments + 1;
        if (constraints.MaxSegmentBytes >= least) return;
        throw new HeapException(HeapErrno.Invalid, HeapCause.ConstraintsNotMet,
            $"a buffer of {new ByteSize(length).ToText()} in segments of at most {new ByteSize(constraints.MaxSegmentBytes).ToText()} has more than the {ImportLimits.MostSegments} a message holds; "
            + $"segments of at least {least} bytes would fit");
    }

    /// <exception cref="HeapException">EINVAL.</exception>
    public static void ThrowIfNonsense(DataDirection direction)
    {
        if (direction is < DataDirection.Bidirectional or > DataDirection.FromDevice) throw Bad($"direction {(int)direction}: 0 both, 1 to the device or 2 from the device");
    }

    private static HeapException Bad(string what) => new(HeapErrno.Invalid, HeapCause.BadRequest, $"an importer asks for {what}");
}
