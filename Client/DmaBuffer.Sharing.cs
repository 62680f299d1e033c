using System.Net.Sockets;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

public sealed partial class DmaBuffer
{
    const byte ShareMark = (byte)'D';

    /// <summary>Sends the descriptor to another process, as one byte (<c>D</c>) with SCM_RIGHTS. The receiver needs no host.</summary>
    /// <param name="socket">A connected Unix socket, stream or seqpacket; it stays the caller's. Waits while it takes nothing, unless it is non-blocking.</param>
    /// <exception cref="DmaHeapException">EAGAIN (non-blocking and full), EPIPE (the peer is gone), ETOOMANYREFS (this user has too many
    /// descriptors in flight).</exception>
    public void Share(SafeFileHandle socket)
    {
        if (TryShare(socket) is var errno and not Errno.None) throw CallFailure.Kernel(errno, "The buffer could not be shared").ToException();
    }

    /// <inheritdoc cref="Share(SafeFileHandle)"/>
    /// <param name="socket">A connected Unix socket, stream or seqpacket; it stays the caller's. Waits while it takes nothing.</param>
    public void Share(Socket socket)
    {
        using var borrowed = new BorrowedSocket(socket);
        Errno errno;
        while ((errno = TryShare(borrowed.Handle)) == Errno.EAGAIN) socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectWrite);
        if (errno != Errno.None) throw CallFailure.Kernel(errno, "The buffer could not be shared").ToException();
    }

    /// <summary>Receives what <see cref="Share(SafeFileHandle)"/> sends.</summary>
    /// <param name="socket">A connected Unix socket; it stays the caller's. Waits for a message, unless it is non-blocking. Of a stream one byte is read.</param>
    /// <returns>The buffer, the caller's to dispose, as from <see cref="FromHandle"/>. Its descriptor is closed by exec.</returns>
    /// <exception cref="DmaHeapException">EAGAIN (non-blocking, and nothing there), ECONNRESET (the peer is gone), EPROTO (the message is not a
    /// shared buffer; what came with it is closed), EMFILE.</exception>
    public static DmaBuffer Receive(SafeFileHandle socket)
    {
        var errno = TryReceive(socket, out var buffer);
        return buffer ?? throw CallFailure.Kernel(errno, "No buffer could be received").ToException();
    }

    /// <inheritdoc cref="Receive(SafeFileHandle)"/>
    /// <param name="socket">A connected Unix socket; it stays the caller's. Waits for a message. Of a stream one byte is read.</param>
    public static DmaBuffer Receive(Socket socket)
    {
        using var borrowed = new BorrowedSocket(socket);
        Errno errno;
        DmaBuffer? buffer;
        while ((errno = TryReceive(borrowed.Handle, out buffer)) == Errno.EAGAIN) socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);
        return buffer ?? throw CallFailure.Kernel(errno, "No buffer could be received").ToException();
    }

    Errno TryShare(SafeFileHandle socket) => SocketMessages.TrySend(socket, [ShareMark], Handle);

    static Errno TryReceive(SafeFileHandle socket, out DmaBuffer? buffer)
    {
        buffer = null;
        Span<byte> mark = stackalloc byte[1];
        using var descriptors = new ReceivedDescriptors();
        var errno = SocketMessages.TryReceive(socket, mark, descriptors, out var length, out var cut);
        if (errno != Errno.None) return errno;
        if (length == 0) return Errno.ECONNRESET;
        if (descriptors.Truncated) return Errno.EMFILE;
        if (cut || mark[0] != ShareMark || descriptors.Count != 1) return Errno.EPROTO;

        var handle = descriptors.Take(0);
        try
        {
            buffer = FromHandle(handle);
            return Errno.None;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>A socket's descriptor, kept open meanwhile.</summary>
    readonly ref struct BorrowedSocket
    {
        readonly SafeSocketHandle _owner;

        public BorrowedSocket(Socket socket)
        {
            ArgumentNullException.ThrowIfNull(socket);
            var added = false;
            _owner = socket.SafeHandle;
            _owner.DangerousAddRef(ref added);
            Handle = new SafeFileHandle(_owner.DangerousGetHandle(), ownsHandle: false);
        }

        public SafeFileHandle Handle { get; }

        public void Dispose()
        {
            Handle.Dispose();
            _owner.DangerousRelease();
        }
    }
}
