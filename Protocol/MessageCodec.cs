using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>
/// Reads and writes messages as fixed structs. A struct may grow at its end: a receiver takes a longer message when all it does not know is zero,
/// as openat2(2) does, and a shorter one never, since every field of version 1 is needed.
/// </summary>
public static class MessageCodec
{
    /// <summary>Reads the header of a packet.</summary>
    /// <param name="packet">The whole packet.</param>
    /// <param name="header">Its header.</param>
    /// <returns><see cref="MessageFault.None"/>, or what is wrong with the packet.</returns>
    public static MessageFault ReadHeader(ReadOnlySpan<byte> packet, out MessageHeader header)
    {
        header = default;
        if (packet.Length < Unsafe.SizeOf<MessageHeader>()) return MessageFault.Short;
        header = MemoryMarshal.Read<MessageHeader>(packet);
        if (header.Size != (uint)packet.Length) return MessageFault.WrongSize;
        return header.Flags == 0 ? MessageFault.None : MessageFault.UnknownTail;
    }

    /// <summary>Reads a packet as a message of a known kind.</summary>
    /// <typeparam name="T">The message's struct, header included.</typeparam>
    /// <param name="packet">The whole packet.</param>
    /// <param name="message">The message.</param>
    /// <returns><see cref="MessageFault.None"/>, or what is wrong with the packet.</returns>
    public static MessageFault Read<T>(ReadOnlySpan<byte> packet, out T message)
        where T : unmanaged
    {
        message = default;
        var known = Unsafe.SizeOf<T>();
        if (packet.Length < known) return MessageFault.Short;
        if (packet[known..].ContainsAnyExcept((byte)0)) return MessageFault.UnknownTail;
        message = MemoryMarshal.Read<T>(packet);
        return MessageFault.None;
    }

    /// <summary>Reads a packet as a message that grew since its first version: what an older sender leaves out is zero.</summary>
    /// <typeparam name="T">The message's struct, header included.</typeparam>
    /// <param name="packet">The whole packet.</param>
    /// <param name="firstSize">Bytes of the message's first version.</param>
    /// <param name="message">The message.</param>
    /// <returns><see cref="MessageFault.None"/>, or what is wrong with the packet.</returns>
    public static MessageFault ReadGrown<T>(ReadOnlySpan<byte> packet, int firstSize, out T message)
        where T : unmanaged
    {
        if (packet.Length < firstSize || packet.Length >= Unsafe.SizeOf<T>()) return Read(packet, out message);
        message = default;
        packet.CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref message)));
        return MessageFault.None;
    }

    /// <summary>Sets the header of a message of fixed size.</summary>
    /// <typeparam name="T">The message's struct, header included.</typeparam>
    /// <param name="kind">What it is.</param>
    /// <param name="requestId">The request it is or answers.</param>
    public static MessageHeader Header<T>(MessageKind kind, ulong requestId)
        where T : unmanaged =>
        new() { Size = (uint)Unsafe.SizeOf<T>(), Kind = kind, RequestId = requestId };

    /// <summary>The bytes of a message of fixed size.</summary>
    /// <typeparam name="T">The message's struct.</typeparam>
    /// <param name="message">The message.</param>
    public static ReadOnlySpan<byte> Bytes<T>(ref readonly T message)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in message));
}

/// <summary>What is wrong with a packet.</summary>
public enum MessageFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Shorter than its kind needs.</summary>
    Short = 1,

    /// <summary>The size it states is not the packet's length.</summary>
    WrongSize = 2,

    /// <summary>Something this side does not know is not zero.</summary>
    UnknownTail = 3,
}
