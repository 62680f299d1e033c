using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Allocation;

/// <summary>Makes a descriptor for a client of the memory that a heap returned, and has its file watched from before anybody else has it. Thread-safe.</summary>
internal sealed class Exporter(BufferWatches watches, BufferOps ops, IAllocationProbe probe)
{
    /// <param name="record">The buffer; in the table from now on.</param>
    /// <param name="request">How its client wants it.</param>
    /// <param name="client">Where the client's descriptor goes, empty until then.</param>
    /// <exception cref="HeapException">Nothing is left of it: no watch, no descriptor.</exception>
    public void Export(BufferRecord record, in BufferRequest request, ReusableDescriptor client)
    {
        var name = ShownNames.Of(record.Heap.Name, record.Name);
        var shown = record.Memory.TakeShownFile(ops.MmapPolicyOf(record, request.WhenGivenUp), name);
        try
        {
            watches.Track(record, in shown);
            try
            {
                probe.Reached(AllocationStep.Watched);
                OpenForClient(in shown, (FileAccessMode)(request.FileFlags & ProtocolConstants.AccessModeMask), client);
                probe.Reached(AllocationStep.Opened);
            }
            catch
            {
                Withdraw(record, client);
                throw;
            }
        }
        finally
        {
            shown.File.Clear();
        }
    }

    /// <summary>Takes back a buffer that its client did not get.</summary>
    /// <returns>False when the kernel's word that it ended came first: its release is under way.</returns>
    public bool Withdraw(BufferRecord record, ReusableDescriptor client)
    {
        // Before the file is closed: the kernel would report the buffer's end, and it would be released for that too.
        var withdrawn = watches.TryWithdraw(record);
        client.Clear();
        return withdrawn;
    }

    private static void OpenForClient(in ShownFile shown, FileAccessMode mode, ReusableDescriptor client)
    {
        if (shown.MayBeClients && mode == FileAccessMode.ReadWrite)
        {
            client.TakeFrom(shown.File);
            return;
        }

        var errno = DescriptorReopen.TryOpen(shown.File, shown.IsOpaque ? FileAccessMode.WriteOnly : mode, closeOnExec: true, client);
        if (errno == Errno.None && shown.IsOpaque) errno = FilePermissions.TrySet(shown.File, UnixFileMode.None);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "opening a buffer for its client");
    }
}
