using System.Collections.Concurrent;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// Memfds that a program made buffers of. Such a buffer is the same file, opened once more, so it shares the memory; and it can be nothing but the whole of it. Remembered by inode number,
/// so only files whose numbers never come twice are taken: see <see cref="MemfdDevice"/>.
/// </summary>
/// <param name="backend">Knows buffers that are memfds too, and that the kernel would not take for any.</param>
internal sealed class ProgramMemfds(IHeapBackend backend) : IUdmabufSource
{
    private const int Most = 16384;
    private const Seals Denied = Seals.Write | Seals.FutureWrite;

    private readonly ConcurrentDictionary<ulong, BufferFacts> _buffers = [];

    /// <summary>Whether a file on <see cref="MemfdDevice"/> is one.</summary>
    public bool TryFind(ulong inode, out BufferFacts facts) => _buffers.TryGetValue(inode, out facts);

    public Errno TryCreate(SafeFileHandle memfd, ulong offset, ulong length, out SafeFileHandle buffer)
    {
        buffer = new SafeFileHandle(-1, ownsHandle: true);
        if (FileSeals.TryGet(memfd, out var seals) != Errno.None || backend.TryIdentify(memfd, out _)) return Errno.EBADF;
        var status = FileStatus.Of(memfd);
        if ((seals & Seals.Shrink) == 0 || (seals & Denied) != 0 || offset > (ulong)status.Length || length > (ulong)status.Length - offset) return Errno.EINVAL;
        if (offset != 0 || length != (ulong)status.Length || !MemfdDevice.Holds(in status) || _buffers.Count >= Most) return Errno.ENOTTY;
        buffer.Dispose();
        var errno = DescriptorReopen.TryOpen(memfd, FileAccessMode.ReadWrite, closeOnExec: true, out buffer);
        if (errno == Errno.None) _buffers[status.Inode] = new BufferFacts(status.Length, BufferTraits.OfProgram);
        return errno;
    }
}
