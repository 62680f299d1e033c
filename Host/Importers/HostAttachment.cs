using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Ops;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

/// <summary>
/// A buffer attached within the host's own process, by the same way and checks as a client's. The buffer is not released while it is attached. Thread-safe.
/// </summary>
public sealed class HostAttachment : IDisposable
{
    private const ulong Number = 1;

    private readonly HostCore _core;
    private readonly Importer _importer;

    internal HostAttachment(HostCore core, Caller caller, string executable, SafeFileHandle shown, AttachConstraints constraints, DataDirection direction)
    {
        _core = core;
        var record = core.Find(shown);
        using var kept = DmaHeapHost.Duplicate(shown);
        _importer = core.NewImporter(caller, () => executable);
        core.Importers.Add(_importer);
        try
        {
            Carry(reply => _importer.Attach(Number, record, kept, constraints, direction, reply));
        }
        catch
        {
            core.Importers.Close(_importer);
            throw;
        }
    }

    /// <summary>Asks for the memory.</summary>
    /// <param name="direction">Which way data will move: as attached, or any where that was both ways.</param>
    /// <returns>The memory, to be disposed, which unmaps it.</returns>
    /// <exception cref="HeapException">EBUSY <see cref="HeapCause.AlreadyMapped"/>; EACCES where the descriptor shown does not allow it; EINVAL
    /// <see cref="HeapCause.NotAttached"/> after the detach; else the heap's own.</exception>
    public HostMapping Map(DataDirection direction) =>
        new(Carry(reply => _importer.Map(Number, direction, reply)), () => Carry(reply => _importer.Unmap(Number, reply)));

    /// <summary>Detaches, as <see cref="Dispose"/> does, and says how that went.</summary>
    /// <exception cref="HeapException">EINVAL <see cref="HeapCause.NotAttached"/> when it was detached before. Else what the heap's unmap or detach threw; it counts as done.</exception>
    public void Detach()
    {
        try
        {
            Carry(reply => _importer.Detach(Number, reply));
        }
        finally
        {
            _core.Importers.Close(_importer);
        }
    }

    /// <summary>Detaches, and unmaps before it what is still mapped. What the heap throws is in the log.</summary>
    public void Dispose() => _core.Importers.Close(_importer);

    internal static HostSegment[] Carry(Action<OpAsker> ask)
    {
        using var scope = CurrentRequest.EnterEmbedded();
        var reply = new WaitingReply();
        ask(new OpAsker(reply));
        return reply.Wait();
    }
}
