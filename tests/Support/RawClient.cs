using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;
using MessageHeader = DmaHeap.Protocol.MessageHeader;

namespace DmaHeap.Tests.Support;

/// <summary>A client that says what it is told to, sense or nonsense, and waits for what comes back no longer than a deadline.</summary>
internal sealed unsafe partial class RawClient : IDisposable
{
    private const int DeadlineMs = 20_000;
    private const short PollIn = 1;

    private readonly ReceivedDescriptors _received = new();
    private readonly byte[] _packet = new byte[64 * 1024];
    private ulong _lastRequest;

    private RawClient(SafeFileHandle socket) => Socket = socket;

    public SafeFileHandle Socket { get; }

    /// <summary>Connected, and nothing said yet.</summary>
    public static RawClient Connect(string path)
    {
        var errno = SeqpacketSocket.TryConnect(path, out var socket);
        Assert.Equal(Errno.None, errno);
        return new RawClient(socket);
    }

    /// <summary>Connected, and the hello is over.</summary>
    public static RawClient Greeted(string path)
    {
        var client = Connect(path);
        client.Send(Messages.Hello());
        client.Receive().As<HelloReply>();
        return client;
    }

    public ulong NextId() => ++_lastRequest;

    public Errno TrySend(ReadOnlySpan<byte> packet, params ReadOnlySpan<SafeFileHandle> descriptors) =>
        SocketMessages.TrySend(Socket, packet, descriptors, MessageFlags.DontWait);

    public Errno TrySend<T>(T message, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged => TrySend(MessageCodec.Bytes(in message), descriptors);

    public void Send(ReadOnlySpan<byte> packet, params ReadOnlySpan<SafeFileHandle> descriptors) =>
        Assert.Equal(Errno.None, TrySend(packet, descriptors));

    public void Send<T>(T message, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged => Send(MessageCodec.Bytes(in message), descriptors);

    /// <summary>Sends a request and returns the next packet, which is to be its reply.</summary>
    public Packet Ask<T>(T message, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged
    {
        Send(message, descriptors);
        var reply = Receive();
        Assert.Equal(MemoryMarshal.Read<MessageHeader>(MessageCodec.Bytes(in message)).RequestId, reply.Header.RequestId);
        return reply;
    }

    /// <summary>One buffer, which has to be had.</summary>
    public SafeFileHandle Allocate(string heap = "plain", ulong length = 4096, uint fileFlags = 2)
    {
        var reply = Ask(Messages.Allocate(NextId(), heap, length, fileFlags: fileFlags));
        Assert.Equal(1u, reply.As<AllocateReply>().Count);
        return Assert.Single(reply.Descriptors);
    }

    /// <summary>The next packet; fails when none comes in time or the host has closed.</summary>
    public Packet Receive()
    {
        var packet = ReceiveOrEnd();
        Assert.True(packet is not null, "the host closed the connection without a word");
        return packet;
    }

    /// <summary>The next packet; null when the host has closed.</summary>
    public Packet? ReceiveOrEnd()
    {
        Assert.True(Wait(DeadlineMs), "the host said nothing in time");
        var errno = SocketMessages.TryReceive(Socket, _packet, _received, out var length, out var truncated, MessageFlags.DontWait);
        if (errno == Errno.ECONNRESET) return null;
        Assert.Equal(Errno.None, errno);
        Assert.False(truncated);
        Assert.False(_received.Truncated);
        if (length == 0) return null;
        var descriptors = new SafeFileHandle[_received.Count];
        for (var i = 0; i < descriptors.Length; i++) descriptors[i] = _received.Take(i);
        return new Packet(_packet[..length], descriptors);
    }

    /// <summary>Whether something is there to be read now.</summary>
    public bool HasMessage => Wait(0);

    /// <summary>Bytes that wait to be read, in all messages together (FIONREAD).</summary>
    public int WaitingBytes
    {
        get
        {
            int bytes;
            Assert.Equal(0, ioctl((int)Socket.DangerousGetHandle(), 0x541B, &bytes));
            return bytes;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        _received.Dispose();
    }

    private bool Wait(int milliseconds)
    {
        var wanted = new Wanted { Descriptor = (int)Socket.DangerousGetHandle(), Events = PollIn };
        var deadline = Environment.TickCount64 + milliseconds;
        int ready;
        do ready = poll(&wanted, 1, (int)Math.Max(0, deadline - Environment.TickCount64));
        while (ready < 0 && Environment.TickCount64 < deadline);
        return ready > 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Wanted
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc")]
    private static partial int ioctl(int descriptor, nuint request, int* value);

    [LibraryImport("libc")]
    private static partial int poll(Wanted* wanted, nuint count, int timeout);
}

/// <summary>What came in one packet; its descriptors are the reader's.</summary>
internal sealed record Packet(byte[] Bytes, SafeFileHandle[] Descriptors) : IDisposable
{
    public MessageHeader Header => MemoryMarshal.Read<MessageHeader>(Bytes);

    public T As<T>()
        where T : unmanaged
    {
        if (typeof(T) != typeof(ErrorReply) && Header.Kind == MessageKind.Error) Assert.Fail($"refused: {Error()}");
        Assert.True(Bytes.Length >= Unsafe.SizeOf<T>(), $"{Bytes.Length} bytes are no {typeof(T).Name}");
        return MemoryMarshal.Read<T>(Bytes);
    }

    public Refusal Error()
    {
        Assert.Equal(MessageKind.Error, Header.Kind);
        Assert.Empty(Descriptors);
        var error = MemoryMarshal.Read<ErrorReply>(Bytes);
        return new Refusal((HeapErrno)error.Errno, TextField.Read(error.Cause), TextField.Read(error.Message), error.Flags == ErrorFlags.Fatal);
    }

    public T[] Entries<T>()
        where T : unmanaged
    {
        var list = As<ListReply>();
        Assert.Equal((uint)Unsafe.SizeOf<T>(), list.EntrySize);
        var entries = MemoryMarshal.Cast<byte, T>(Bytes.AsSpan(Unsafe.SizeOf<ListReply>()));
        Assert.Equal((int)list.Count, entries.Length);
        return entries.ToArray();
    }

    public BufferId[] Ids()
    {
        var ids = MemoryMarshal.Cast<byte, BufferId>(Bytes.AsSpan(Unsafe.SizeOf<AllocateReply>())).ToArray();
        Assert.Equal((int)As<AllocateReply>().Count, ids.Length);
        return ids;
    }

    public BatchBuffer[] BatchBuffers()
    {
        var head = As<AllocateBatchReply>();
        Assert.Equal((uint)Unsafe.SizeOf<BatchBuffer>(), head.EntrySize);
        var entries = MemoryMarshal.Cast<byte, BatchBuffer>(Bytes.AsSpan(Unsafe.SizeOf<AllocateBatchReply>())).ToArray();
        Assert.Equal((int)head.Count, entries.Length);
        Assert.Equal(entries.Length, Descriptors.Length);
        return entries;
    }

    public void Dispose()
    {
        foreach (var descriptor in Descriptors) descriptor.Dispose();
    }
}

/// <summary>A refusal as the client reads it.</summary>
internal sealed record Refusal(HeapErrno Errno, string Cause, string Sentence, bool Fatal);
