using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>struct stat and struct statx of a descriptor, with what the kernel would say of a dma-buf or of a heap's node put in.</summary>
internal static class StatusAnswers
{
    public const int TypeMask = 0xF000;

    private const int CharacterDevice = 0x2000;
    private const uint StandIn = 1 << 8 | 3, StandInMajor = 1, StandInMinor = 3;
    private const int StatxLinks = 16, StatxMode = 28, StatxDeviceMajor = 128, StatxDeviceMinor = 132;

    private static readonly bool s_isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>A dma-buf: a file of no type, with one link.</summary>
    public static readonly Look Buffer = new(0, null);

    /// <summary>A heap's node: a character device.</summary>
    public static readonly Look Node = new(CharacterDevice, StandIn);

    /// <param name="Type">The file's type.</param>
    /// <param name="Device">The number of the device it stands for; null where it stands for none, and has one link instead of none.</param>
    internal sealed record Look(int Type, uint? Device);

    public static CallResult Stat(ulong address, AuditArchitecture architecture, SeccompCaller caller, Look look)
    {
        var is32Bits = architecture is AuditArchitecture.I386 or AuditArchitecture.Arm;
        Span<byte> status = stackalloc byte[PathCalls.StatxSize];
        var errno = caller.TakeTarget(out var file);
        using (file)
        {
            if (errno == Errno.None && is32Bits) return Told(caller.Write(address, status[..Stat64.Write(FileStatus.Of(file), architecture, status, look)]));
            if (errno == Errno.None) errno = PathCalls.TryStat(file, status);
            if (errno != Errno.None) return CallResult.Fail(errno);
        }

        var mode = status[(s_isX64 ? 24 : 16)..];
        BinaryPrimitives.WriteInt32LittleEndian(mode, (BinaryPrimitives.ReadInt32LittleEndian(mode) & ~TypeMask) | look.Type);
        if (look.Device is { } device) BinaryPrimitives.WriteUInt64LittleEndian(status[(s_isX64 ? 40 : 32)..], device);
        else BinaryPrimitives.WriteInt32LittleEndian(status[(s_isX64 ? 16 : 20)..], 1);
        return Told(caller.Write(address, status[..PathCalls.StatSize]));
    }

    public static CallResult Statx(uint mask, ulong address, SeccompCaller caller, Look look)
    {
        Span<byte> status = stackalloc byte[PathCalls.StatxSize];
        var errno = caller.TakeTarget(out var file);
        using (file)
        {
            if (errno == Errno.None) errno = PathCalls.TryStatx(file, mask, status);
            if (errno != Errno.None) return CallResult.Fail(errno);
        }

        var mode = status[StatxMode..];
        BinaryPrimitives.WriteUInt16LittleEndian(mode, (ushort)((BinaryPrimitives.ReadUInt16LittleEndian(mode) & ~TypeMask) | look.Type));
        if (look.Device is null)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(status[StatxLinks..], 1);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(status[StatxDeviceMajor..], StandInMajor);
            BinaryPrimitives.WriteUInt32LittleEndian(status[StatxDeviceMinor..], StandInMinor);
        }

        return Told(caller.Write(address, status));
    }

    private static CallResult Told(Errno errno) => errno == Errno.None ? CallResult.Return(0) : CallResult.Fail(errno);
}
