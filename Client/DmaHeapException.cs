using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>A request failed: the host refused it, or it could not be reached. The connection lives on unless <see cref="Cause"/> is one of
/// <see cref="ClientCause.ConnectionLost"/>, <see cref="ClientCause.BadReply"/> and <see cref="ClientCause.Disposed"/>, or the host ended it.</summary>
public sealed class DmaHeapException : IOException
{
    /// <summary>Describes a failure.</summary>
    /// <param name="errno">What the host or the kernel answered.</param>
    /// <param name="cause">A stable code.</param>
    /// <param name="message">A sentence for people.</param>
    public DmaHeapException(Errno errno, string cause, string message)
        : this(errno, cause, message, "")
    {
    }

    internal DmaHeapException(Errno errno, string cause, string message, string requestId)
        : base(requestId.Length == 0 ? $"{message} ({errno}, {cause})" : $"{message} ({errno}, {cause}, request {requestId})")
    {
        Errno = errno;
        Cause = cause;
        RequestId = requestId;
    }

    /// <summary>The Linux errno; its name is its text, its number its value. One without a name here is a bare number.</summary>
    public Errno Errno { get; }

    /// <summary>A stable code for programs: the host's, as listed in docs/protocol.md, or one of <see cref="ClientCause"/>.</summary>
    public string Cause { get; }

    /// <summary>Names the request as the host's log does (<c>7-42</c>: the host's connection 7, this client's request 42); empty where it never became one, or the host does not number its
    /// connections.</summary>
    public string RequestId { get; }
}

/// <summary>Cause codes that come from this side, not from the host.</summary>
public static class ClientCause
{
    /// <summary>No host answers where one was looked for. ENOENT, ECONNREFUSED, EACCES.</summary>
    public const string NoHost = "no-host";

    /// <summary>The connection ended before the reply. ECONNRESET.</summary>
    public const string ConnectionLost = "connection-lost";

    /// <summary>The host sent something that makes no sense, and the connection was given up. EPROTO.</summary>
    public const string BadReply = "bad-reply";

    /// <summary>The client was disposed while the request was under way. ECANCELED.</summary>
    public const string Disposed = "disposed";

    /// <summary>This process has no descriptor left for a buffer that was allocated; it is released again. EMFILE.</summary>
    public const string NoDescriptors = "no-descriptors-here";

    /// <summary>The text does not fit its field of the protocol. EINVAL.</summary>
    public const string BadName = "bad-name";

    /// <summary>The buffer cannot be mapped as asked. EACCES, EINVAL, ENOMEM.</summary>
    public const string MapFailed = "map-failed";

    /// <summary>A system call of this process failed in a way that has no cause of its own.</summary>
    public const string System = "system";
}
