using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// A listening socket that somebody else made and keeps, as a service manager does. Its name and its mode are theirs, and it is not shut down: whoever connects while no host runs waits for
/// the next one.
/// </summary>
internal sealed class GivenSocket : ISocketPlace
{
    private readonly SafeFileHandle _socket;

    /// <param name="path">Its path, for messages.</param>
    /// <param name="socket">The socket; owned from now on.</param>
    /// <exception cref="SocketInUseException">It is not of the kind that clients connect to.</exception>
    public GivenSocket(string path, SafeFileHandle socket)
    {
        Path = path;
        _socket = socket;
        var errno = SocketStatus.TryGet(socket, out var status);
        if (errno != Errno.None) throw new SocketInUseException(path, $"what was given to listen on is no socket: {errno.Describe()}");
        if (!status.IsUnix || !status.IsSeqpacket) throw new SocketInUseException(path, "the socket given is no Unix socket of kind SOCK_SEQPACKET (in a socket unit: ListenSequentialPacket=)");
        if (!status.IsListening) throw new SocketInUseException(path, "the socket given does not listen (in a socket unit: Accept=no)");
    }

    public string Path { get; }

    public SafeFileHandle Listen(UnixFileMode mode)
    {
        DescriptorFlags.SetCloseOnExec(_socket, true);
        DescriptorFlags.SetStatusFlags(_socket, DescriptorFlags.GetStatusFlags(_socket) | DescriptorFlags.NonBlock);
        return _socket;
    }

    public void ChangeMode(UnixFileMode mode)
    {
    }

    public void Hide(SafeFileHandle listener)
    {
    }

    public void Dispose() => _socket.Dispose();
}
