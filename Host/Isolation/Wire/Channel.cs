using System.Diagnostics;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>One end of a socket between a host and its worker. One thread at a time, but for <see cref="Shut"/>.</summary>
/// <param name="socket">The channel's from now on.</param>
internal sealed class Channel(SafeFileHandle socket) : IDisposable
{
    public const int MaxMessage = 32 << 10;

    /// <summary>What is said of a peer that has closed.</summary>
    public const string GoneMessage = "is gone";

    // An answer comes within a wake-up or two, or after as long as a heap takes; the first is worth waiting for awake, where there is a processor for the other end.
    private static readonly long s_mostAwake = Environment.ProcessorCount > 1 ? (long)(TimeSpan.FromMicroseconds(50).TotalSeconds * Stopwatch.Frequency) : 0;

    private readonly SpinRhythm _rhythm = new();
    private readonly byte[] _received = new byte[MaxMessage];
    private readonly ReceivedDescriptors _descriptors = new(1);

    public WireWriter Out { get; } = new();

    public WireReader In { get; } = new();

    /// <summary>Sends what was written.</summary>
    /// <exception cref="WireException">The other end is gone, or <paramref name="flags"/> say not to wait for it and it does not read.</exception>
    public void Send(SafeFileHandle? descriptor = null, MessageFlags flags = MessageFlags.None)
    {
        var errno = descriptor is null ? SocketMessages.TrySend(socket, Out.Message, flags) : SocketMessages.TrySend(socket, Out.Message, descriptor, flags);
        if (errno != Errno.None) throw new WireException($"cannot be sent anything: {errno}");
    }

    /// <summary>Waits for a message, to be read from <see cref="In"/>.</summary>
    /// <exception cref="WireException">The other end is gone, or sent what no message is.</exception>
    public WireKind Receive()
    {
        var errno = ReceiveAwake(out var length, out var truncated);
        if (errno == Errno.EAGAIN) errno = SocketMessages.TryReceive(socket, _received, _descriptors, out length, out truncated);
        if (errno != Errno.None || length == 0) throw new WireException(GoneMessage);
        if (truncated || _descriptors.Truncated) throw new WireException("sent a message that is too long, or has too many descriptors");
        In.Reset(_received, length);
        return In.Kind();
    }

    // EAGAIN where nothing has come for as long as the other end lately took, or that is not worth trying.
    private Errno ReceiveAwake(out int length, out bool truncated)
    {
        (length, truncated) = (0, false);
        var most = s_mostAwake == 0 ? 0 : _rhythm.SpinFor(s_mostAwake);
        if (most == 0) return Errno.EAGAIN;
        var began = Stopwatch.GetTimestamp();
        do
        {
            var errno = SocketMessages.TryReceive(socket, _received, _descriptors, out length, out truncated, MessageFlags.DontWait);
            if (errno == Errno.EAGAIN) continue;
            _rhythm.Paid(Stopwatch.GetTimestamp() - began);
            return errno;
        }
        while (Stopwatch.GetTimestamp() - began < most);

        _rhythm.Failed();
        return Errno.EAGAIN;
    }

    /// <summary>True when the message came with a descriptor.</summary>
    public bool HasDescriptor => _descriptors.Count > 0;

    /// <summary>The descriptor that came with the message.</summary>
    /// <exception cref="WireException">There is none.</exception>
    public SafeFileHandle TakeDescriptor() => HasDescriptor ? _descriptors.Take(0) : throw new WireException("sent a message without its descriptor");

    /// <summary>Wakes whoever waits on either end. From any thread.</summary>
    public void Shut()
    {
        try
        {
            SeqpacketSocket.TryShutdown(socket);
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

    public void Dispose()
    {
        _descriptors.Dispose();
        socket.Dispose();
    }
}
