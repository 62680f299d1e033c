using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Leaves names out of what getdents64 gives of one directory. A duplicate of the program's own descriptor is read, so that its position moves as if it had read itself.</summary>
internal sealed class ListingCalls(FileKey directory, IReadOnlySet<string> hidden)
{
    // struct linux_dirent64: inode (8), position (8), record length (2), type (1), name and its zero.
    private const int RecordLengthOffset = 16, NameOffset = 19, MostBytes = 64 * 1024;

    public CallResult Answer(in SeccompNotification call, SeccompCaller caller)
    {
        var errno = ForeignDescriptors.TryGetStatus(call.ThreadId, (int)call.Argument0, out var status);
        if (errno != Errno.None || FileKey.Of(in status) != directory) return CallResult.PassThrough;
        var room = (int)Math.Min((uint)call.Argument2, MostBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(room, 1));
        errno = caller.TakeTarget(out var file);
        try
        {
            if (errno != Errno.None) return CallResult.Fail(errno);
            int length;
            do
            {
                errno = PathCalls.TryReadDirectory(file, buffer.AsSpan(0, room), out length);
                if (errno != Errno.None) return CallResult.Fail(errno);
                if (length == 0) return CallResult.Return(0);
                length = LeaveOut(buffer.AsSpan(0, length), hidden);
            }
            while (length == 0); // 0 would be the end

            errno = caller.Write(call.Argument1, buffer.AsSpan(0, length));
            return errno == Errno.None ? CallResult.Return(length) : CallResult.Fail(errno);
        }
        finally
        {
            file.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Moves what stays together.</summary>
    /// <returns>How many bytes it is.</returns>
    internal static int LeaveOut(Span<byte> entries, IReadOnlySet<string> hidden)
    {
        var kept = 0;
        for (var at = 0; at < entries.Length;)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(entries[(at + RecordLengthOffset)..]);
            var record = entries.Slice(at, length);
            at += length;
            var name = record[NameOffset..];
            if (hidden.Contains(Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]))) continue;
            record.CopyTo(entries[kept..]);
            kept += length;
        }

        return kept;
    }
}
