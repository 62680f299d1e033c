namespace DmaHeap.Client;

/// <summary>A pool at one moment. The first two and what is being made are never more than the capacity.</summary>
/// <param name="InUse">Buffers leased.</param>
/// <param name="Idle">Buffers that wait for a holder.</param>
/// <param name="Waiting">Callers that wait for a buffer.</param>
/// <param name="Acquired">Leases handed out so far.</param>
/// <param name="Misses">How many of them found nothing idle and had a buffer made, with a round trip to the host.</param>
/// <param name="Waits">How many callers found the capacity out and waited, successful or not.</param>
/// <param name="Refusals">How often <see cref="BufferPool.TryAcquire"/> found the capacity out.</param>
/// <param name="Dropped">Buffers given up when they were returned: discarded, closed by their holder, or not to be scrubbed.</param>
/// <param name="Lost">Leases whose holder forgot them, found by the garbage collector.</param>
public readonly record struct BufferPoolStatistics(
    int InUse, int Idle, int Waiting, long Acquired, long Misses, long Waits, long Refusals, long Dropped, long Lost);
