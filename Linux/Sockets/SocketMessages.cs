using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Sends and receives messages with descriptors: sendmsg, recvmsg and SCM_RIGHTS. Nothing throws for what the kernel answers,
/// nothing managed is allocated but the handles of received descriptors, and a call that a signal interrupts is made again. Thread-safe.</summary>
public static unsafe partial class SocketMessages
{
    internal const int NoSignal = 0x4000;
    internal const int ControlTruncated = 0x8;
    internal const int DataTruncated = 0x20;
    internal const nuint UnreadBySender = 0x5411;
    internal const int CloseOnExecRights = 0x4000_0000;

    /// <summary>Sends a message without descriptors.</summary>
    /// <inheritdoc cref="TrySend(SafeFileHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, MessageFlags)"/>
    public static Errno TrySend(SafeFileHandle socket, ReadOnlySpan<byte> data, MessageFlags flags = MessageFlags.None) =>
        Send(socket, data, null, 0, flags);

    /// <summary>Sends a message with one descriptor.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="data">The message.</param>
    /// <param name="descriptor">Copied to the receiver; it stays the caller's and may be closed afterwards.</param>
    /// <param name="flags">Whether to wait.</param>
    /// <returns>As the form with several descriptors.</returns>
    public static Errno TrySend(SafeFileHandle socket, ReadOnlySpan<byte> data, SafeHandle descriptor, MessageFlags flags = MessageFlags.None) =>
        TrySend(socket, data, new ReadOnlySpan<SafeHandle>(in descriptor), flags);

    /// <summary>Sends a message with descriptors.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="data">The message. An empty one with descriptors arrives as a message of length 0.</param>
    /// <param name="descriptors">Copied to the receiver, at most <see cref="ReceivedDescriptors.KernelLimit"/>; they stay the caller's.</param>
    /// <param name="flags">Whether to wait.</param>
    /// <returns>EAGAIN (the peer does not read), EPIPE or ECONNRESET (it is gone), EMSGSIZE, ENOBUFS,
    /// ETOOMANYREFS (this user has too many descriptors in flight), EINVAL (too many descriptors in one message).</returns>
    [SkipLocalsInit]
    public static Errno TrySend(
        SafeFileHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors, MessageFlags flags = MessageFlags.None)
    {
        if (descriptors.IsEmpty) return Send(socket, data, null, 0, flags);
        if (descriptors.Length > ReceivedDescriptors.KernelLimit) return Errno.EINVAL;

        var space = ControlMessage.Space(descriptors.Length * sizeof(int));
        var control = stackalloc ulong[space / sizeof(ulong)];
        control[(space / sizeof(ulong)) - 1] = 0; // the padding is sent too: nothing of our stack goes with it
        var numbers = ControlMessage.BeginRights((byte*)control, descriptors.Length);
        var held = 0;
        try
        {
            for (; held < descriptors.Length; held++)
            {
                var added = false;
                descriptors[held].DangerousAddRef(ref added);
                numbers[held] = (int)descriptors[held].DangerousGetHandle();
            }

            return Send(socket, data, (byte*)control, space, flags);
        }
        finally
        {
            while (held > 0) descriptors[--held].DangerousRelease();
        }
    }

    /// <summary>Receives one message.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="buffer">Receives the message.</param>
    /// <param name="descriptors">Receives its descriptors, each closed by exec; what it still held is closed first.</param>
    /// <param name="length">How many bytes of <paramref name="buffer"/> were filled. 0 with success: the peer has closed, or sent an empty message.</param>
    /// <param name="truncated">Whether the message was longer than <paramref name="buffer"/>; the rest is lost.</param>
    /// <param name="flags">Whether to wait.</param>
    /// <returns>EAGAIN (no message waits), ECONNRESET (the peer closed and had unread messages).</returns>
    [SkipLocalsInit]
    public static Errno TryReceive(
        SafeFileHandle socket, Span<byte> buffer, ReceivedDescriptors descriptors, out int length, out bool truncated,
        MessageFlags flags = MessageFlags.None)
    {
        descriptors.Dispose();
        using var fd = new BorrowedDescriptor(socket);
        // The unpadded length: with the padded one the kernel would find room for one descriptor above an odd capacity.
        var controlLength = descriptors.Capacity == 0 ? 0 : ControlMessage.Length(descriptors.Capacity * sizeof(int));
        var control = stackalloc ulong[(controlLength + sizeof(ulong) - 1) / sizeof(ulong)];
        fixed (byte* data = buffer)
        {
            var vector = new IoVector { Base = data, Length = (nuint)buffer.Length };
            MessageHeader message;
            nint result;
            Errno errno;
            do
            {
                message = new MessageHeader
                {
                    Vectors = &vector, VectorCount = 1,
                    Control = controlLength == 0 ? null : control, ControlLength = (nuint)controlLength,
                };
                result = recvmsg(fd.Number, &message, (int)flags | CloseOnExecRights);
                errno = ErrnoGuard.Of(result);
            }
            while (errno == Errno.EINTR);

            length = (int)Math.Max(0, result);
            truncated = false;
            if (errno != Errno.None) return errno;

            truncated = (message.Flags & DataTruncated) != 0;
            descriptors.Truncated = (message.Flags & ControlTruncated) != 0;
            if (message.ControlLength > 0) ControlMessage.TakeRights((byte*)control, message.ControlLength, descriptors);
            return Errno.None;
        }
    }

    /// <summary>How much of what was sent on a unix socket its peer has not read yet (SIOCOUTQ).</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <param name="bytes">In the kernel's accounting, so more than the messages' lengths; 0 when all was read.</param>
    /// <returns>ENOTTY for another kind of file.</returns>
    public static Errno TryGetUnread(SafeFileHandle socket, out int bytes)
    {
        using var fd = new BorrowedDescriptor(socket);
        fixed (int* pointer = &bytes) return ErrnoGuard.Of(ioctl(fd.Number, UnreadBySender, pointer));
    }

    static Errno Send(SafeFileHandle socket, ReadOnlySpan<byte> data, byte* control, int controlLength, MessageFlags flags)
    {
        using var fd = new BorrowedDescriptor(socket);
        fixed (byte* pointer = data)
        {
            var vector = new IoVector { Base = pointer, Length = (nuint)data.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)controlLength };
            Errno errno;
            do errno = ErrnoGuard.Of(sendmsg(fd.Number, &message, (int)flags | NoSignal));
            while (errno == Errno.EINTR);
            return errno;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, int* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, MessageHeader* message, int flags);
}
