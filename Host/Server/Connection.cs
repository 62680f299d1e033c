using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// One client. As a rule one worker reads and answers; while a slow heap holds it up, others do so beside it: packets are whole, and replies carry their request's number.
/// The socket is closed when the last worker has left.
/// </summary>
internal sealed class Connection(ulong key, SafeFileHandle socket, Caller caller)
{
    /// <summary>What the event set reports of a connection: once, until it is armed again, so that one worker alone wakes for it.</summary>
    public const ReadyEvents Interest = ReadyEvents.Readable | ReadyEvents.PeerClosed | ReadyEvents.OneShot;

    // What the kernel accounts for the smallest unread message, rounded down: so a count of bytes bounds the count of messages.
    private const int LeastMessageCost = 512;

    // Sources kept for further requests: one for each of the workers that commonly serve one client.
    private const int MostSpare = 2;

    private readonly Lock _lock = new();
    private readonly Lock _reading = new();
    private readonly Queue<(long Number, int Descriptors)> _carrying = new();
    private readonly Queue<PendingReply> _unsent = new();
    private readonly Dictionary<ulong, UnderWay> _underWay = [];
    private readonly Stack<CancellationTokenSource> _spare = new();
    private Importer? _importer;
    private ConnectionReply? _reply;
    private long _sent;
    private int _workers;
    private bool _closed;

    public ulong Key => key;

    public Caller Caller => caller;

    /// <summary>Whom its client may share memory with over time; looked up when first wanted.</summary>
    public Lazy<TrustDomain?> Domain { get; } = new(() => TrustDomain.Of(caller, PeerIdentity.UserNamespaceOf(socket, caller.ProcessId)));

    public SafeFileHandle Socket => socket;

    /// <summary>How its client's requests come.</summary>
    public ClientRhythm Rhythm { get; } = new();

    /// <summary>True once the hello was answered.</summary>
    public bool IsGreeted { get; set; }

    /// <summary>Descriptors reserved for it or sent to it that it may not have read yet. Guarded by <see cref="UndeliveredCap"/>, as is the next.</summary>
    public int Undelivered { get; set; }

    /// <summary>True once its count was taken back for good.</summary>
    public bool IsUncounted { get; set; }

    /// <summary>True while a reply waits for the client to read; then nothing more is read from it.</summary>
    public bool HasUnsent
    {
        get
        {
            lock (_lock) return _unsent.Count > 0;
        }
    }

    /// <summary>A worker comes in. False when the connection is closed.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed) return false;
            _workers++;
            return true;
        }
    }

    public void Leave()
    {
        bool last;
        lock (_lock) last = --_workers == 0 && _closed;
        if (last) socket.Dispose();
    }

    /// <summary>
    /// This thread reads the next request. Until that has its place in the order of things no other worker may read the one after it, which a slow heap has several workers do.
    /// </summary>
    public void BeginReading() => _reading.Enter();

    /// <summary>The request has its place, or came to nothing: nothing to do where that was said before. No plugin is called while a request is being read.</summary>
    public void EndReading()
    {
        if (_reading.IsHeldByCurrentThread) _reading.Exit();
    }

    /// <summary>Sends a reply, or keeps it (and its descriptors, by duplicates of its own) until the client reads.</summary>
    /// <returns>False when the client is gone or the kernel refuses; nothing was sent then.</returns>
    public Errno Send(ReadOnlySpan<byte> reply, ReadOnlySpan<SafeHandle> descriptors)
    {
        lock (_lock)
        {
            if (_closed) return Errno.EPIPE;
            if (_unsent.Count == 0)
            {
                var errno = SocketMessages.TrySend(socket, reply, descriptors, MessageFlags.DontWait);
                if (errno == Errno.None) NoteSent(descriptors.Length);
                if (errno != Errno.EAGAIN) return errno;
            }

            return PendingReply.TryCreate(reply, descriptors, _unsent);
        }
    }

    /// <summary>Sends what was kept, as far as the client reads.</summary>
    /// <returns>False when the kernel refuses a reply (ETOOMANYREFS, or the client is gone): its client would wait for it for ever, so the connection is to be closed.</returns>
    public bool TryFlush()
    {
        lock (_lock)
        {
            while (!_closed && _unsent.TryPeek(out var reply))
            {
                var errno = SocketMessages.TrySend(socket, reply.Bytes, reply.Descriptors, MessageFlags.DontWait);
                if (errno == Errno.EAGAIN) return true;
                if (errno != Errno.None) return false;
                NoteSent(reply.Descriptors.Length);
                _unsent.Dequeue().Dispose();
            }

            return true;
        }
    }

    /// <summary>How many descriptors the client has read since this was asked last, as far as the kernel's count of unread bytes proves it.</summary>
    public int TakeRead()
    {
        lock (_lock)
        {
            if (_closed || SocketMessages.TryGetUnread(socket, out var bytes) != Errno.None) return 0;
            var unread = (bytes + LeastMessageCost - 1) / LeastMessageCost;
            var read = 0;
            while (_carrying.TryPeek(out var message) && message.Number <= _sent - unread) read += _carrying.Dequeue().Descriptors;
            return read;
        }
    }

    /// <summary>
    /// Has the event set report the socket anew, once it is readable, or writable where a reply waits for that. Several workers do this to one connection, so what waits is
    /// looked at in the same breath: a worker that saw nothing waiting must not undo the order of one that did.
    /// </summary>
    public void Arm(EventPoll poll)
    {
        lock (_lock)
        {
            if (!_closed) poll.TryModify(socket, _unsent.Count > 0 ? Interest | ReadyEvents.Writable : Interest, key);
        }
    }

    /// <summary>A token for a request, cancelled when the client withdraws it or goes away; until <see cref="End"/>. Null when the number is in use already.</summary>
    public CancellationTokenSource? Begin(ulong requestId)
    {
        lock (_lock)
        {
            if (_underWay.ContainsKey(requestId)) return null;
            if (!_spare.TryPop(out var source)) source = new CancellationTokenSource();
            _underWay.Add(requestId, new UnderWay(source));
            if (_closed) source.Cancel();
            return source;
        }
    }

    public void End(ulong requestId)
    {
        lock (_lock)
        {
            if (!_underWay.Remove(requestId, out var request)) return;
            // One that somebody is about to cancel, and may be so after this, is not for another request.
            if (!request.IsBeingCancelled && _spare.Count < MostSpare && request.Source.TryReset()) _spare.Push(request.Source);
            else request.Source.Dispose();
        }
    }

    public void Cancel(ulong requestId)
    {
        CancellationTokenSource? source;
        lock (_lock) source = BeginCancelling(requestId);
        CancelQuietly(source);
    }

    /// <summary>What the client attached, mapped and began; made when it first does. One of a connection that is closed is closed as well.</summary>
    public Importer ImporterBy(Func<Connection, Importer> make)
    {
        if (Volatile.Read(ref _importer) is { } importer) return importer;
        lock (_lock)
        {
            if (_importer is not null) return _importer;
            _importer = make(this);
            if (_closed) _importer.Close(); // it has nothing yet, so nobody is called
            return _importer;
        }
    }

    /// <summary>Answers what the client asks of buffers.</summary>
    public ConnectionReply ReplyBy(UndeliveredCap cap) =>
        Volatile.Read(ref _reply) ?? Interlocked.CompareExchange(ref _reply, new ConnectionReply(this, cap), null) ?? _reply;

    /// <summary>The connection is closed: undoes what its client left.</summary>
    public void CloseImporter()
    {
        Importer? importer;
        lock (_lock) importer = _importer;
        importer?.Close();
    }

    /// <summary>Closes it for good and cancels what is under way. True for the one call that did.</summary>
    public bool TryClose()
    {
        CancellationTokenSource[] underWay;
        lock (_lock)
        {
            if (_closed) return false;
            _closed = true;
            _workers++; // the socket is not to be disposed under the shutdown, by a worker that leaves meanwhile
            underWay = [.. _underWay.Keys.ToArray().Select(BeginCancelling).OfType<CancellationTokenSource>()];
            while (_unsent.TryDequeue(out var reply)) reply.Dispose();
        }

        SeqpacketSocket.TryShutdown(socket);
        foreach (var source in underWay) CancelQuietly(source);
        Leave();
        return true;
    }

    private void NoteSent(int descriptors)
    {
        _sent++;
        if (descriptors > 0) _carrying.Enqueue((_sent, descriptors));
    }

    private CancellationTokenSource? BeginCancelling(ulong requestId)
    {
        ref var request = ref CollectionsMarshal.GetValueRefOrNullRef(_underWay, requestId);
        if (Unsafe.IsNullRef(ref request)) return null;
        request.IsBeingCancelled = true;
        return request.Source;
    }

    // The request may end while it is being cancelled; then there is nothing left to cancel.
    private static void CancelQuietly(CancellationTokenSource? source)
    {
        try
        {
            source?.Cancel();
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private struct UnderWay(CancellationTokenSource source)
    {
        public readonly CancellationTokenSource Source = source;
        public bool IsBeingCancelled;
    }
}
