using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>struct epoll_event, which is packed on x86-64 and on no other architecture.</summary>
readonly record struct EventPollLayout(int Size, int DataOffset)
{
    public const int MaxSize = 16;

    public static readonly EventPollLayout Current = For(RuntimeInformation.ProcessArchitecture);

    public static EventPollLayout For(Architecture architecture) =>
        architecture == Architecture.X64 ? new(Size: 12, DataOffset: 4) : new(Size: 16, DataOffset: 8);

    public void Write(Span<byte> raw, ReadyEvents events, ulong data)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(raw, (uint)events);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[DataOffset..], data);
    }

    public ReadyDescriptor Read(ReadOnlySpan<byte> raw) => new(
        (ReadyEvents)BinaryPrimitives.ReadUInt32LittleEndian(raw), BinaryPrimitives.ReadUInt64LittleEndian(raw[DataOffset..]));
}
