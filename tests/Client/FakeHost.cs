using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;
using MessageHeader = DmaHeap.Protocol.MessageHeader;

namespace DmaHeap.Tests.Client;

/// <summary>What a client sent.</summary>
sealed record Received(MessageHeader Header, byte[] Packet, SafeFileHandle[] Shown)
{
    public T As<T>()
        where T : unmanaged
    {
        Assert.Equal(MessageFault.None, MessageCodec.Read<T>(Packet, out var message));
        Assert.Equal(Unsafe.SizeOf<T>(), Packet.Length);
        return message;
    }

    /// <summary>The head of a batch.</summary>
    public AllocateBatchRequest Batch() => MemoryMarshal.Read<AllocateBatchRequest>(Packet);

    /// <summary>Every length of a batch.</summary>
    public long[] Lengths() =>
        [.. MemoryMarshal.Cast<byte, BatchSize>(Packet.AsSpan(Unsafe.SizeOf<AllocateBatchRequest>())).ToArray().SelectMany(size => Enumerable.Repeat((long)size.Length, (int)size.Count))];
}

/// <summary>A host that plays a script on a thread of its own: what it says is the test's affair, sense or nonsense.</summary>
sealed class FakeHost : IDisposable
{
    public const ulong Epoch = 0x0123_4567_89AB_CDEF;

    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    readonly SafeFileHandle _socket;
    readonly Task _script;
    ulong _sequence;

    FakeHost(SafeFileHandle socket, Action<FakeHost> script)
    {
        _socket = socket;
        _script = Task.Factory.StartNew(() => script(this), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Plays a script at the other end of a pair.</summary>
    public static FakeHost Play(Action<FakeHost> script, out SafeFileHandle client)
    {
        (client, var host) = SeqpacketSocket.CreatePair();
        return new FakeHost(host, script);
    }

    /// <summary>Plays a script on a socket that is connected already, which is closed with the host.</summary>
    public static FakeHost PlayOn(SafeFileHandle socket, Action<FakeHost> script) => new(socket, script);

    /// <summary>Plays a script that begins after a proper hello.</summary>
    public static FakeHost PlayAfterHello(Action<FakeHost> script, out SafeFileHandle client) =>
        Play(host => { host.AnswerHello(); script(host); }, out client);

    public void AnswerHello() => Reply(Expect(MessageKind.Hello), GoodHello());

    public static HelloReply GoodHello() => new()
    {
        Magic = ProtocolConstants.Magic,
        Major = ProtocolConstants.MajorVersion,
        Epoch = Epoch,
        MaxMessageBytes = ProtocolConstants.MaxMessageBytes,
        MaxDescriptors = ProtocolConstants.MaxDescriptors,
        PageSize = 4096,
        ProcessId = 4711,
    };

    /// <summary>The next message; null when the client has closed.</summary>
    public Received? TryReceive()
    {
        var packet = new byte[ProtocolConstants.MaxMessageBytes];
        using var descriptors = new ReceivedDescriptors();
        var errno = SocketMessages.TryReceive(_socket, packet, descriptors, out var length, out _);
        if (errno == Errno.ECONNRESET || (errno == Errno.None && length == 0)) return null;
        Assert.Equal(Errno.None, errno);
        Assert.Equal(MessageFault.None, MessageCodec.ReadHeader(packet.AsSpan(0, length), out var header));
        var shown = new SafeFileHandle[descriptors.Count];
        for (var i = 0; i < shown.Length; i++) shown[i] = descriptors.Take(i);
        return new Received(header, packet[..length], shown);
    }

    public Received Expect(MessageKind kind)
    {
        var received = TryReceive() ?? throw new EndOfStreamException($"The client closed where {kind} was expected.");
        Assert.Equal(kind, received.Header.Kind);
        return received;
    }

    /// <summary>Waits until the client has closed the connection.</summary>
    public void ExpectEnd() => Assert.Null(TryReceive());

    /// <summary>Waits until a message is there, and leaves it unread.</summary>
    public void ExpectUnread() => Assert.True(HasUnread(Deadline));

    /// <summary>Whether a message is there, or comes in time.</summary>
    public bool HasUnread(TimeSpan wait = default)
    {
        using var poll = new EventPoll();
        Assert.Equal(Errno.None, poll.TryAdd(_socket, ReadyEvents.Readable, 0));
        return poll.Wait(new ReadyDescriptor[1], (int)wait.TotalMilliseconds) == 1;
    }

    public void Send(ReadOnlySpan<byte> packet, params ReadOnlySpan<SafeFileHandle> descriptors) =>
        Assert.Equal(Errno.None, SocketMessages.TrySend(_socket, packet, descriptors));

    public void Reply<T>(Received request, T message, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged =>
        Send(Packet(request.Header.Kind | MessageKind.ReplyBit, request.Header.RequestId, message, []), descriptors);

    public void Error(ulong requestId, Errno errno, string cause, string text, ErrorFlags flags = ErrorFlags.None)
    {
        var error = new ErrorReply { Errno = (int)errno, Flags = flags };
        TextField.Write(error.Cause, cause);
        TextField.Write(error.Message, text);
        Send(Packet(MessageKind.Error, requestId, error, []));
    }

    /// <summary>Answers an allocation of one buffer with this descriptor, which is the caller's still.</summary>
    public void Allocated(Received request, SafeFileHandle buffer, BufferFlags flags = BufferFlags.None, int pageSize = 4096)
    {
        var reply = new AllocateReply { Count = 1, Length = (ulong)RoundUp((long)request.As<AllocateRequest>().Length), PageSize = (uint)pageSize, Flags = flags };
        var id = new BufferId(Epoch, ++_sequence);
        Send(Packet(MessageKind.Allocate | MessageKind.ReplyBit, request.Header.RequestId, reply, MessageCodec.Bytes(in id)), buffer);
    }

    /// <summary>Answers an allocation of one buffer with new memory whose name in /proc is <paramref name="mark"/>.</summary>
    public void AllocateMemory(Received request, string mark, BufferFlags flags = BufferFlags.None)
    {
        using var memory = Memory(mark, RoundUp((long)request.As<AllocateRequest>().Length));
        Allocated(request, memory, flags);
    }

    /// <summary>Answers an allocation of several buffers with new memory, for some of them where a count is given.</summary>
    public void AllocateBatch(Received request, string mark, int? count = null, Errno stoppedBy = Errno.None)
    {
        var lengths = request.Lengths().Take(count ?? int.MaxValue).Select(RoundUp).ToArray();
        var reply = new AllocateBatchReply { Count = (uint)lengths.Length, EntrySize = (uint)Unsafe.SizeOf<BatchBuffer>(), StoppedBy = (int)stoppedBy };
        var entries = lengths.Select(length => new BatchBuffer { Id = new BufferId(Epoch, ++_sequence), Length = (ulong)length, PageSize = 4096 }).ToArray();
        var memory = lengths.Select(length => Memory(mark, length)).ToArray();
        Send(Packet(MessageKind.AllocateBatch | MessageKind.ReplyBit, request.Header.RequestId, reply, MemoryMarshal.AsBytes<BatchBuffer>(entries)), memory);
        foreach (var handle in memory) handle.Dispose();
    }

    public static string Text(Text64 field) => TextField.Read(field);

    public static string Text(Text32 field) => TextField.Read(field);

    public static SafeFileHandle Memory(string mark, long length)
    {
        var memfd = Memfd.Create(mark, MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(memfd, length));
        return memfd;
    }

    public static byte[] Packet<T>(MessageKind kind, ulong requestId, T message, ReadOnlySpan<byte> entries)
        where T : unmanaged
    {
        byte[] packet = [.. MessageCodec.Bytes(in message), .. entries];
        MemoryMarshal.Write(packet, new MessageHeader { Size = (uint)packet.Length, Kind = kind, RequestId = requestId });
        return packet;
    }

    public void Close() => _socket.Dispose();

    /// <summary>Fails the test when the script did.</summary>
    public void Dispose()
    {
        if (!_socket.IsClosed) SeqpacketSocket.TryShutdown(_socket);
        var ended = _script.Wait(Deadline);
        _socket.Dispose();
        Assert.True(ended, "The script did not end.");
    }

    static long RoundUp(long length) => (length + 4095) & ~4095L;
}

/// <summary>Looks for descriptors of this process by a name no other test uses, so that tests running beside do not matter.</summary>
static class Descriptors
{
    public static string NewMark() => $"client-test-{Guid.NewGuid():N}";

    public static int Count(string mark) =>
        Directory.EnumerateFiles("/proc/self/fd").Count(path => LinkOf(path).Contains(mark, StringComparison.Ordinal));

    static string LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return ""; // closed meanwhile
        }
    }
}
