using DmaHeap.Hosting.Allocation;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>The answer of a request whose heap does not come back. Its number stays in use until it is. A worker has one for all its requests, until one may be used by the watchdog.</summary>
internal sealed class EarlyRefusal : IEarlyAnswer
{
    private Connection? _connection;
    private ulong _requestId;
    private volatile bool _wasSent;

    public bool WasSent => _wasSent;

    public bool IsHandedOut { get; private set; }

    public void Begin(Connection connection, ulong requestId) => (_connection, _requestId) = (connection, requestId);

    public void End() => _connection = null;

    public void HandOut() => IsHandedOut = true;

    public void Send(HeapException refusal)
    {
        _wasSent = true;
        var reply = Replies.Error(_requestId, (int)refusal.Errno, refusal.Cause, refusal.Message);
        _connection?.Send(MessageCodec.Bytes(in reply), []);
    }
}
