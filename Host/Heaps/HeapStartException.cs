namespace DmaHeap.Hosting;

/// <summary>A heap that the host is not to start without could not start.</summary>
/// <param name="heap">Its name.</param>
/// <param name="reason">Why, in a sentence.</param>
/// <param name="innerException">What the heap threw.</param>
public sealed class HeapStartException(string heap, string reason, Exception innerException)
    : Exception($"heap {heap} cannot start: {reason} (\"required\": false lists it as unavailable instead)", innerException)
{
    /// <summary>The heap's name.</summary>
    public string Heap { get; } = heap;

    /// <summary>Why it could not start.</summary>
    public string Reason { get; } = reason;
}
