using DmaHeap.Hosting;
using DmaHeap.Testing.Conformance;

namespace DmaHeap.Testing;

/// <summary>
/// The conformance kit: what every heap must do, tried on real buffers in a host of this process. It belongs to no test framework: a case that fails throws.
/// Safe from any thread; cases may run side by side.
/// </summary>
public static class HeapConformance
{
    /// <summary>All cases, in the order in which a report lists them.</summary>
    public static IReadOnlyList<ConformanceCase> Cases { get; } =
    [
        new Lengths(), new ZeroedMemory(), new CpuMappable(), new Unmappable(), new ConcurrentAllocation(), new ReleaseOnce(), new ReleaseReasons(),
        new Descriptors(), new Mappings(), new Exhaustion(), new Recovery(), new Gauges(), new Refusals(), new Cancellation(), new Disposal(), new Shrinker(), new Options(), new Unload(),
        new OpsOrder(), new OpsMap(), new OpsConstraints(), new OpsRefusal(), new OpsUnwinding(), new CpuAccesses(), new Vmap(),
    ];

    /// <summary>The cases that apply to a heap, by what it promises.</summary>
    /// <param name="heap">The heap.</param>
    public static IEnumerable<ConformanceCase> CasesFor(HeapUnderTest heap) => Cases.Where(each => each.SkipReason(heap) is null);

    /// <summary>The case of a name, for test frameworks that pass names around.</summary>
    /// <param name="name">A <see cref="ConformanceCase.Name"/>.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConformanceCase Find(string name) =>
        Cases.FirstOrDefault(known => known.Name == name) ?? throw new ArgumentException($"There is no conformance case \"{name}\".", nameof(name));

    /// <summary>Runs one case on a heap made for it. Returns when the heap passed.</summary>
    /// <param name="conformanceCase">The case.</param>
    /// <param name="heap">The heap.</param>
    /// <exception cref="ConformanceException">The heap failed.</exception>
    /// <exception cref="InvalidOperationException">The case does not apply (<see cref="ConformanceCase.SkipReason"/>).</exception>
    public static void Run(ConformanceCase conformanceCase, HeapUnderTest heap)
    {
        ArgumentNullException.ThrowIfNull(conformanceCase);
        ArgumentNullException.ThrowIfNull(heap);
        if (conformanceCase.SkipReason(heap) is { } reason) throw new InvalidOperationException($"{conformanceCase.Name} does not apply: {reason}.");
        try
        {
            RunIt(conformanceCase, heap);
        }
        catch (CaseDoesNotApply)
        {
            // Known only once the heap was there: nothing to hold against it.
        }
    }

    /// <summary>Runs every case that applies.</summary>
    /// <param name="heap">The heap.</param>
    public static ConformanceReport RunAll(HeapUnderTest heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        return new ConformanceReport(heap.Name, [.. Cases.Select(each => Try(each, heap))]);
    }

    /// <summary>Runs one case, if it applies and the heap can start on this machine.</summary>
    /// <param name="each">The case.</param>
    /// <param name="heap">The heap.</param>
    /// <returns>How it went; a case that failed does not throw.</returns>
    public static ConformanceResult Try(ConformanceCase each, HeapUnderTest heap)
    {
        ArgumentNullException.ThrowIfNull(each);
        ArgumentNullException.ThrowIfNull(heap);
        if ((WhyUnavailable(heap) ?? each.SkipReason(heap)) is { } reason) return new ConformanceResult(each, ConformanceOutcome.Skipped, reason);
        try
        {
            RunIt(each, heap);
            return new ConformanceResult(each, ConformanceOutcome.Passed, "");
        }
        catch (CaseDoesNotApply why)
        {
            return new ConformanceResult(each, ConformanceOutcome.Skipped, why.Message);
        }
        catch (ConformanceException failure)
        {
            return new ConformanceResult(each, ConformanceOutcome.Failed, failure.Seen);
        }
    }

    private static void RunIt(ConformanceCase each, HeapUnderTest heap)
    {
        try
        {
            using var run = new CaseRun(heap);
            each.Check(run);
            run.Recorder.ThrowIfFaulty();
        }
        catch (CaseFailure failure)
        {
            throw new ConformanceException(each, heap, failure.Message, failure.InnerException);
        }
        catch (HeapStartException failure)
        {
            throw new ConformanceException(each, heap, failure.Message, failure);
        }
    }

    private static string? WhyUnavailable(HeapUnderTest heap)
    {
        try
        {
            return heap.WhyUnavailable();
        }
        catch (HeapStartException)
        {
            // A fault, which the case will find.
            return null;
        }
    }
}
