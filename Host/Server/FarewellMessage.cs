using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Last words to a client before its connection is closed.</summary>
internal static class FarewellMessage
{
    public static void Send(SafeFileHandle socket, ReadOnlySpan<byte> reply)
    {
        SocketMessages.TrySend(socket, reply, MessageFlags.DontWait);
        HangUp(socket);
    }

    /// <summary>Ends the conversation. What the client sent and nobody read is read first: the kernel would answer it ECONNRESET before our words otherwise.</summary>
    public static void HangUp(SafeFileHandle socket)
    {
        SeqpacketSocket.TryShutdown(socket);
        using var rest = new ReceivedDescriptors();
        Span<byte> packet = stackalloc byte[16];
        for (var i = 0; i < ProtocolConstants.MaxDescriptors; i++)
        {
            if (SocketMessages.TryReceive(socket, packet, rest, out var length, out _, MessageFlags.DontWait) != Errno.None || length == 0) return;
        }
    }
}
