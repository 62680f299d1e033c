using System.Buffers.Binary;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>
/// Gives the caller a descriptor and its number. One that was installed cannot be taken back, so the struct is written first as it was read: that shows whether it can be
/// written, and a caller whose result cannot be is left without a descriptor.
/// </summary>
internal static class DescriptorHandover
{
    /// <param name="caller">Who gets it.</param>
    /// <param name="file">What is installed a duplicate of.</param>
    /// <param name="closeOnExec">Whether exec closes it.</param>
    /// <param name="address">Of the caller's struct.</param>
    /// <param name="unchanged">The struct as it was read; empty where nothing is copied out, and the number is then never told.</param>
    /// <param name="offset">Where in it the number belongs; a struct too short for that is told as much of it as fits.</param>
    /// <returns>None, EFAULT, EMFILE, or ESRCH where the caller is gone.</returns>
    public static Errno Give(ICaller caller, SafeFileHandle file, bool closeOnExec, ulong address, ReadOnlySpan<byte> unchanged, int offset)
    {
        if (!unchanged.IsEmpty)
        {
            var writable = caller.Write(address, unchanged);
            if (writable == Errno.EFAULT) return RoomOrFault(caller);
            if (writable != Errno.None) return writable;
        }

        var installed = caller.Install(file, closeOnExec, out var number);
        if (installed != Errno.None) return installed;
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        var told = Math.Clamp(unchanged.Length - offset, 0, bytes.Length);
        return told == 0 ? Errno.None : caller.Write(address + (ulong)offset, bytes[..told]);
    }

    // The kernel looks for a free number before it writes.
    private static Errno RoomOrFault(ICaller caller)
    {
        var room = caller.CheckRoom();
        return room == Errno.None ? Errno.EFAULT : room;
    }
}
