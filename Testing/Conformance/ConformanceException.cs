namespace DmaHeap.Testing;

/// <summary>A heap failed a case of the conformance kit. The message says heap, case, what was seen and what it means.</summary>
public sealed class ConformanceException : Exception
{
    internal ConformanceException(ConformanceCase failed, HeapUnderTest heap, string seen, Exception? innerException)
        : base($"{heap.Name} fails {failed.Name}: {seen}. {failed.Failure}", innerException)
    {
        Case = failed;
        Seen = seen;
    }

    /// <summary>The case that failed.</summary>
    public ConformanceCase Case { get; }

    /// <summary>What was seen, without what it means.</summary>
    public string Seen { get; }
}
