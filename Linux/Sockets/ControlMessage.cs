using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>The arithmetic of cmsg(3) for 64-bit kernels, and the descriptors in such a message.</summary>
static unsafe class ControlMessage
{
    public const int SocketLevel = 1;
    public const int Rights = 1;

    /// <summary>CMSG_LEN: the header and the data, *not* padded. A padded length makes the receiver see one descriptor more.</summary>
    public static int Length(int data) => ControlHeader.Size + data;

    /// <summary>CMSG_SPACE: what the message takes, padded.</summary>
    public static int Space(int data) => ControlHeader.Size + Align(data);

    public static int Align(int length) => (length + 7) & ~7;

    /// <summary>Writes the header for <paramref name="count"/> descriptors and returns where their numbers go.</summary>
    public static int* BeginRights(byte* control, int count)
    {
        *(ControlHeader*)control = new ControlHeader
        {
            Length = (nuint)Length(count * sizeof(int)),
            Level = SocketLevel,
            Type = Rights,
        };
        return (int*)(control + ControlHeader.Size);
    }

    /// <summary>Hands every descriptor in <paramref name="control"/> to <paramref name="received"/>.</summary>
    public static void TakeRights(byte* control, nuint length, ReceivedDescriptors received)
    {
        var end = (int)length;
        for (var at = 0; end - at >= ControlHeader.Size;)
        {
            var header = (ControlHeader*)(control + at);
            if (header->Length < ControlHeader.Size || header->Length > (nuint)(end - at)) return;
            if (header->Level == SocketLevel && header->Type == Rights)
            {
                var count = ((int)header->Length - ControlHeader.Size) / sizeof(int);
                received.Own(new ReadOnlySpan<int>(control + at + ControlHeader.Size, count));
            }

            at += Align((int)header->Length);
        }
    }
}

/// <summary>struct cmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
struct ControlHeader
{
    public const int Size = 16;

    public nuint Length;
    public int Level;
    public int Type;
}

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct IoVector
{
    public void* Base;
    public nuint Length;
}

/// <summary>struct msghdr. (musl declares two lengths as 32 bits and padding: the same bytes on a little-endian machine.)</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct MessageHeader
{
    public void* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nuint VectorCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}
