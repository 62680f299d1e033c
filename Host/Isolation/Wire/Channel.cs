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
        var errno = SocketMessages.TryReceive(socket, _received, _descriptors, out var length, out var truncated);
        if (errno != Errno.None || length == 0) throw new WireException(GoneMessage);
        if (truncated || _descriptors.Truncated) throw new WireException("sent a message that is too long, or has too many descriptors");
        In.Reset(_received, length);
        return In.Kind();
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
