using System.Buffers.Binary;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>struct stat64 of 32-bit programs. Those of arm align 64-bit members, those of x86 do not; times are left at the epoch.</summary>
internal static class Stat64
{
    private const int BlockSize = 4096, I386Size = 96, ArmSize = 104;

    /// <returns>Its size.</returns>
    public static int Write(in FileStatus status, AuditArchitecture architecture, Span<byte> bytes, StatusAnswers.Look look)
    {
        var size = Write(in status, architecture, bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], (status.RawMode & ~StatusAnswers.TypeMask) | look.Type);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], look.Device ?? 0);
        return size;
    }

    /// <returns>Its size.</returns>
    public static int Write(in FileStatus status, AuditArchitecture architecture, Span<byte> bytes)
    {
        var isArm = architecture == AuditArchitecture.Arm;
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (status.DeviceMinor & 0xFF) | (status.DeviceMajor << 8) | ((status.DeviceMinor & ~0xFFu) << 12));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], (uint)status.Inode);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], status.RawMode);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], status.UserId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], status.GroupId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[(isArm ? 48 : 44)..], status.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(isArm ? 56 : 52)..], BlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[(isArm ? 64 : 56)..], status.Blocks);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[(isArm ? 96 : 88)..], status.Inode);
        return isArm ? ArmSize : I386Size;
    }
}
