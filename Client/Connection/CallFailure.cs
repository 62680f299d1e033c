using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>Why a request or a connection failed. A value, not an exception: each of many waiters throws one of its own.</summary>
sealed record CallFailure(Errno Errno, string Cause, string Message)
{
    public static readonly CallFailure HostGone =
        new(Errno.ECONNRESET, ClientCause.ConnectionLost, "The dmaheap host closed the connection.");

    public static readonly CallFailure Disposed = new(Errno.ECANCELED, ClientCause.Disposed, "The client was disposed.");

    public static readonly CallFailure NoDescriptors = new(
        Errno.EMFILE, ClientCause.NoDescriptors, "This process has no descriptor left to receive the buffers; raise its limit (ulimit -n).");

    public static CallFailure Nonsense(string what) =>
        new(Errno.EPROTO, ClientCause.BadReply, $"The dmaheap host sent {what}; the connection was given up.");

    public static CallFailure Kernel(Errno errno, string what) =>
        new(errno, ClientCause.System, $"{what}: {errno.Describe()}.");

    /// <param name="requestId">The request it ended; empty when none.</param>
    public DmaHeapException ToException(string requestId = "") => new(Errno, Cause, Message, requestId);
}
