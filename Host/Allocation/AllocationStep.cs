namespace DmaHeap.Hosting.Allocation;

/// <summary>The steps of one allocation, in order. A test stops, kills or fails at one by name, never by timing.</summary>
internal enum AllocationStep
{
    /// <summary>The request was read and is well-formed.</summary>
    Requested,

    /// <summary>Who may and how much were settled and charged.</summary>
    Admitted,

    /// <summary>The heap returned a buffer.</summary>
    Allocated,

    /// <summary>The kernel watches its file.</summary>
    Watched,

    /// <summary>The client's own description is open.</summary>
    Opened,

    /// <summary>Counted, and about to be sent.</summary>
    Exported,

    /// <summary>The reply is with the kernel.</summary>
    Replied,
}

/// <summary>Told of each step. A test's one may block or throw; the host's own does nothing.</summary>
internal interface IAllocationProbe
{
    void Reached(AllocationStep step);
}

internal sealed class NoProbe : IAllocationProbe
{
    public static NoProbe Instance { get; } = new();

    public void Reached(AllocationStep step)
    {
    }
}
