using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

sealed partial class HostConnection
{
    // Used by the reader alone.
    readonly byte[] _packet = GC.AllocateUninitializedArray<byte>(ProtocolConstants.MaxMessageBytes);
    readonly ReceivedDescriptors _descriptors = new();

    /// <summary>Receives one packet and serves whom it is for.</summary>
    /// <returns>False when there is nothing more to read: now, where told not to wait, or ever.</returns>
    bool ReadOne(MessageFlags flags)
    {
        Errno errno;
        int length;
        bool cut;
        // A host that closes with requests unread makes the next receive say so, before what it sent last.
        do errno = SocketMessages.TryReceive(_socket, _packet, _descriptors, out length, out cut, flags);
        while (errno == Errno.ECONNRESET);

        if (errno == Errno.EAGAIN && flags == MessageFlags.DontWait) return false;
        if (errno != Errno.None) return Fail(CallFailure.Kernel(errno, "Receiving from the dmaheap host failed"));
        if (length == 0) return Fail(CallFailure.HostGone);
        if (cut) return Fail(CallFailure.Nonsense("a message longer than any may be"));
        try
        {
            return Serve(_packet.AsSpan(0, length));
        }
        finally
        {
            _descriptors.Dispose(); // what nobody took
        }
    }

    bool Serve(ReadOnlySpan<byte> packet)
    {
        if (MessageCodec.ReadHeader(packet, out var header) is var fault and not MessageFault.None) return Fail(CallFailure.Nonsense(ReplyReader.Describe(fault)));
        if (header is { RequestId: 0, Kind: >= MessageKind.FirstEvent and < MessageKind.ReplyBit }) return true;
        if (header is { RequestId: 0, Kind: MessageKind.Error }) return Fail(ReadError(packet, out _));

        if (Unregister(header.RequestId) is not { } call)
            return Fail(CallFailure.Nonsense($"message 0x{(int)header.Kind:x4} for request {header.RequestId}, which is not under way"));
        if (header.Kind == MessageKind.Error)
        {
            var error = ReadError(packet, out var fatal);
            call.Complete(error);
            return !fatal || Fail(error);
        }

        if (Reject(call, header.Kind, packet) is { } nonsense)
        {
            var failure = CallFailure.Nonsense(nonsense);
            call.Complete(failure);
            return Fail(failure);
        }

        return true;
    }

    /// <summary>Completes a call with its reply.</summary>
    /// <returns>Null, or what is wrong with the reply; the call is then still to be completed.</returns>
    string? Reject(PendingCall call, MessageKind kind, ReadOnlySpan<byte> packet)
    {
        if (kind != (call.Kind | MessageKind.ReplyBit)) return $"message 0x{(int)kind:x4} for a request of kind {call.Kind}";
        if (!call.TakesDescriptors && (_descriptors.Count > 0 || _descriptors.Truncated)) return "descriptors where none belong";
        // There is room for as many as the kernel sends, so it is this process that can take no more. What came is closed.
        if (_descriptors.Truncated)
        {
            call.Complete(CallFailure.NoDescriptors);
            return null;
        }

        if (call.Accept(packet, _descriptors) is { } wrong) return wrong;
        call.Complete(null);
        return null;
    }

    CallFailure ReadError(ReadOnlySpan<byte> packet, out bool fatal)
    {
        fatal = true;
        if (MessageCodec.Read<ErrorReply>(packet, out var error) is var fault and not MessageFault.None) return CallFailure.Nonsense(ReplyReader.Describe(fault));
        if (error.Errno is <= 0 or > 4095) return CallFailure.Nonsense($"errno {error.Errno}");
        if (_descriptors.Count > 0) return CallFailure.Nonsense("descriptors where none belong");
        fatal = error.Flags.HasFlag(ErrorFlags.Fatal);
        return new CallFailure((Errno)error.Errno, TextField.Read(error.Cause), TextField.Read(error.Message));
    }
}
