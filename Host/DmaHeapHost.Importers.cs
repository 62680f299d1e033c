using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

public sealed partial class DmaHeapHost
{
    /// <summary>Attaches to a buffer on behalf of an importer, by the same way and checks as a client's request.</summary>
    /// <param name="shown">A descriptor of the buffer; it stays the caller's, and what the importer may do is bounded by its access mode.</param>
    /// <param name="constraints">What the importer can take.</param>
    /// <param name="direction">Which way it will move data.</param>
    /// <param name="importer">Who imports.</param>
    /// <param name="executable">Path of the program the importer runs; empty when unknown.</param>
    /// <returns>The attachment, to be disposed, which detaches it.</returns>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host, or the constraints cannot be met. EMFILE. Else the heap's own.</exception>
    public HostAttachment Attach(SafeFileHandle shown, AttachConstraints constraints, DataDirection direction, Caller importer, string executable = "")
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(importer);
        ArgumentNullException.ThrowIfNull(executable);
        return new HostAttachment(Core, importer, executable, shown, constraints, direction);
    }

    /// <summary>Asks for the whole buffer as one range that a CPU can map.</summary>
    /// <param name="shown">A descriptor of the buffer; it stays the caller's, and what the importer may do is bounded by its access mode.</param>
    /// <param name="importer">Who imports.</param>
    /// <returns>One segment, to be disposed, which takes it back.</returns>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host. EOPNOTSUPP: it cannot be mapped by a CPU. EMFILE. Else the heap's own.</exception>
    public HostMapping Vmap(SafeFileHandle shown, Caller importer)
    {
        const ulong Number = 1;
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(importer);
        var core = Core;
        var record = core.Find(shown);
        using var kept = Duplicate(shown);
        var one = core.NewImporter(importer, static () => "");
        core.Importers.Add(one);
        try
        {
            var segments = HostAttachment.Carry(reply => one.Vmap(Number, record, kept, reply));
            return new HostMapping(segments, () =>
            {
                try
                {
                    HostAttachment.Carry(reply => one.Vunmap(Number, reply));
                }
                finally
                {
                    core.Importers.Close(one);
                }
            });
        }
        catch
        {
            core.Importers.Close(one);
            throw;
        }
    }

    internal static ReusableDescriptor Duplicate(SafeFileHandle shown)
    {
        var duplicate = new ReusableDescriptor();
        var errno = DescriptorFlags.TryDuplicate(shown, duplicate);
        return errno == Errno.None ? duplicate : throw SystemRefusal.From(errno, "keeping the descriptor shown");
    }
}
