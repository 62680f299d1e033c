using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Reads what clients send, strictly, and answers in kind.</summary>
internal static class RequestFields
{
    private static readonly NameCache s_names = new();

    public static void Done(Connection connection, in MessageHeader request)
    {
        var reply = new DoneReply { Header = ReplyHeader<DoneReply>(request) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    public static MessageHeader ReplyHeader<T>(in MessageHeader request)
        where T : unmanaged =>
        MessageCodec.Header<T>(request.Kind | MessageKind.ReplyBit, request.RequestId);

    public static T Read<T>(ReadOnlySpan<byte> packet)
        where T : unmanaged
    {
        Demand(MessageCodec.Read<T>(packet, out var message), typeof(T).Name);
        return message;
    }

    public static T ReadGrown<T>(ReadOnlySpan<byte> packet, int firstSize)
        where T : unmanaged
    {
        Demand(MessageCodec.ReadGrown<T>(packet, firstSize, out var message), typeof(T).Name);
        return message;
    }

    /// <summary>The head of a message that entries follow. What is behind the last of those is to be given to <see cref="DemandZero"/>.</summary>
    public static T ReadHead<T>(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> behind)
        where T : unmanaged
    {
        var known = Unsafe.SizeOf<T>();
        if (packet.Length < known) Demand(MessageFault.Short, typeof(T).Name);
        behind = packet[known..];
        return MemoryMarshal.Read<T>(packet);
    }

    /// <summary>Fields of a later version, which are zero or not for us.</summary>
    public static void DemandZero(ReadOnlySpan<byte> tail, string what)
    {
        if (tail.ContainsAnyExcept((byte)0)) Demand(MessageFault.UnknownTail, what);
    }

    public static void Demand(MessageFault fault, string what)
    {
        if (fault == MessageFault.None) return;
        throw new ProtocolFaultException(fault switch
        {
            MessageFault.Short => $"a message is too short ({what})",
            MessageFault.WrongSize => "the size a message states is not the length of its packet",
            _ => $"a message has something that is unknown here and not zero ({what})",
        });
    }

    public static string Text(ReadOnlySpan<byte> field, string what) => TextField.TryReadBytes(field, out var utf8)
        ? s_names.Get(utf8)
        : throw new ProtocolFaultException($"the field {what} is no UTF-8 text padded with zeros");

    /// <summary>Why a reply with descriptors could not be sent.</summary>
    public static HeapException NotSent(Errno errno) => errno switch
    {
        Errno.EPIPE or Errno.ECONNRESET => new HeapException(HeapErrno.Interrupted, HeapCause.Cancelled, "the client is gone"),
        Errno.ETOOMANYREFS => new HeapException(HeapErrno.Busy, HeapCause.UndeliveredLimit, "the kernel carries no more unread descriptors of this host: clients are to read first"),
        _ => Memory.SystemRefusal.From(errno, "sending a descriptor"),
    };

    public static HeapException Bad(string sentence) => new(HeapErrno.Invalid, HeapCause.BadRequest, sentence);
}
