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

    /// <exception cref="HeapException">EINVAL.</exception>
    public static void ThrowIfNonsense(DataDirection direction)
    {
        if (direction is < DataDirection.Bidirectional or > DataDirection.FromDevice) throw Bad($"direction {(int)direction}: 0 both, 1 to the device or 2 from the device");
    }

    private static HeapException Bad(string what) => new(HeapErrno.Invalid, HeapCause.BadRequest, $"an importer asks for {what}");
}
