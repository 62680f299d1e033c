namespace DmaHeap;

/// <summary>
/// What the host offers a heap: the narrow door to the framework. One per heap, valid from construction until the heap is disposed.
/// Every member may be used from any thread.
/// </summary>
public interface IHeapContext
{
    /// <summary>The heap's configured name, as under <c>/dev/dma_heap</c>.</summary>
    string Name { get; }

    /// <summary>Where the heap writes what an operator should read.</summary>
    IHeapLog Log { get; }

    /// <summary>The host's memory service: where a heap's memory comes from.</summary>
    IHeapMemoryService Memory { get; }

    /// <summary>What the host counts for this heap.</summary>
    IHeapStatistics Statistics { get; }

    /// <summary>The clock to use; a test may put a fake one here.</summary>
    TimeProvider Time { get; }

    /// <summary>
    /// The request on whose behalf the host calls the heap on this thread: of an allocation as of every op. Unknown in a release, and wherever the host acts by itself.
    /// </summary>
    RequestId Request => default;

    /// <summary>Cancelled when the host begins to stop this heap. Registrations on it must be disposed with the heap.</summary>
    CancellationToken Stopping { get; }
}
