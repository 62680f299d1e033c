using DmaHeap.Client;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Demo;

/// <summary>Where a process of the demo is passed a buffer by another.</summary>
sealed class Handover(string path) : IDisposable
{
    readonly SafeFileHandle _listener = SeqpacketSocket.Listen(path, UnixFileMode.UserRead | UnixFileMode.UserWrite, backlog: 1);

    /// <summary>Waits for it. The buffer knows no host.</summary>
    public DmaBuffer Receive()
    {
        var errno = SeqpacketSocket.TryAccept(_listener, nonBlocking: false, out var socket);
        if (errno != Errno.None) throw new LinuxException(errno, "accept", path);
        using (socket) return DmaBuffer.Receive(socket);
    }

    public void Dispose() => _listener.Dispose();
}
