using System.Runtime.InteropServices;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>A reply that a full socket did not take, with descriptors of its own.</summary>
internal sealed class PendingReply : IDisposable
{
    private PendingReply(byte[] bytes, SafeFileHandle[] descriptors)
    {
        Bytes = bytes;
        Descriptors = descriptors;
    }

    public byte[] Bytes { get; }

    public SafeFileHandle[] Descriptors { get; }

    public static Errno TryCreate(ReadOnlySpan<byte> bytes, ReadOnlySpan<SafeHandle> descriptors, Queue<PendingReply> queue)
    {
        var duplicates = new SafeFileHandle[descriptors.Length];
        for (var i = 0; i < duplicates.Length; i++)
        {
            var errno = DescriptorFlags.TryDuplicate(descriptors[i], out duplicates[i]);
            if (errno == Errno.None) continue;
            foreach (var duplicate in duplicates) duplicate?.Dispose();
            return errno;
        }

        queue.Enqueue(new PendingReply(bytes.ToArray(), duplicates));
        return Errno.None;
    }

    public void Dispose()
    {
        foreach (var descriptor in Descriptors) descriptor.Dispose();
    }
}
