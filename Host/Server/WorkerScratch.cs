using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>What a worker needs for each request, made once.</summary>
internal sealed class WorkerScratch
{
    private long _requests;
    private EarlyRefusal _early = new();
    private long _requestsSeen;
    private long _allocatedBytes;
    private volatile bool _givenUp;

    public byte[] Packet { get; } = new byte[ProtocolConstants.MaxMessageBytes];

    public byte[] Reply { get; } = new byte[ProtocolConstants.MaxMessageBytes];

    public BufferBatch Batch { get; } = new();

    public ReceivedDescriptors Descriptors { get; } = new(capacity: 2);

    /// <summary>Where a descriptor that was shown waits for who keeps it.</summary>
    public ReusableDescriptor Shown { get; } = new();

    /// <summary>What answers an allocation early, should its heap not come back.</summary>
    public EarlyRefusal EarlyRefusalOf(Connection connection, ulong requestId)
    {
        if (_early.IsHandedOut) _early = new EarlyRefusal();
        _early.Begin(connection, requestId);
        return _early;
    }

    /// <summary>The connection its worker is at; null while it waits.</summary>
    public Connection? Serving { get; private set; }

    /// <summary>True when its thread was given up: it ends when the heap gives it back.</summary>
    public bool IsGivenUp => _givenUp;

    /// <summary>Bytes its thread had allocated on the managed heap when it looked for its latest request.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    public void Begin(Connection connection)
    {
        Interlocked.Increment(ref _requests);
        Serving = connection;
    }

    /// <summary>Notes that the worker goes on to another request.</summary>
    public void Next()
    {
        Interlocked.Increment(ref _requests);
        Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
    }

    public void End()
    {
        Serving = null;
        if (!_early.IsHandedOut) _early.End();
        Descriptors.Dispose();
    }

    public void GiveUp() => _givenUp = true;

    /// <summary>Whether the worker is at the same request as when this was asked last. The watchdog's alone to ask.</summary>
    public bool IsHeldUp()
    {
        var requests = Interlocked.Read(ref _requests);
        var same = requests == _requestsSeen;
        _requestsSeen = requests;
        return same && Serving is not null;
    }
}
