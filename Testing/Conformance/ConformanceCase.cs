using DmaHeap.Testing.Conformance;

namespace DmaHeap.Testing;

/// <summary>One thing every heap must do, or every heap that promises it. Stateless; safe from any thread.</summary>
public abstract class ConformanceCase
{
    private protected ConformanceCase()
    {
    }

    /// <summary>Stable short name: lower case words joined by '-'.</summary>
    public abstract string Name { get; }

    /// <summary>What is checked, in one sentence.</summary>
    public abstract string Checks { get; }

    /// <summary>What it means when it fails: who suffers, and where to look.</summary>
    public abstract string Failure { get; }

    /// <summary>The promises without which the case does not apply.</summary>
    public virtual HeapCapabilities Needs => HeapCapabilities.None;

    /// <summary>Why the case does not apply to a heap; null when it does.</summary>
    /// <param name="heap">The heap.</param>
    public string? SkipReason(HeapUnderTest heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        var missing = Needs & ~heap.Capabilities;
        return missing == 0 ? WhyNot(heap) : $"{heap.Name} does not promise {missing}";
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>What the heap lacks for this case beside promises; null for nothing.</summary>
    internal virtual string? WhyNot(HeapUnderTest heap) => null;

    internal abstract void Check(CaseRun run);
}
