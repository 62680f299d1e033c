using DmaHeap.Hosting;

namespace DmaHeap.Testing.Conformance;

/// <summary>An importer that dies leaves nothing behind.</summary>
internal sealed class OpsUnwinding : ConformanceCase
{
    private const int Importers = 4;

    public override string Name => "ops-unwinding";

    public override string Checks => "Importers that die in the middle of what they do are unwound (end of CPU access, unmap, detach), and when the buffer is released nothing of its memory is left open.";

    public override string Failure => "Processes crash: whatever Attach and Map take, Detach and Unmap must give back, and Release what is left of both.";

    internal override void Check(CaseRun run)
    {
        // What a buffer leaves that nobody imported has a case of its own.
        var without = CountLeft(run, _ => { });
        var with = CountLeft(run, LetImportersDie);
        if (with > without) throw new CaseFailure($"{with - without} descriptors of memory of the heap are open after its importers and its buffer are gone");
    }

    private static int CountLeft(CaseRun run, Action<ImportedBuffer> use)
    {
        var before = run.CountDescriptors();
        using (var buffer = run.Allocate(run.Heap.SmallLength)) use(run.Import(buffer));
        run.AwaitReleases();
        run.AwaitAccounts();
        return run.CountDescriptors() - before;
    }

    private static void LetImportersDie(ImportedBuffer buffer)
    {
        var before = buffer.HookFailures;
        for (var i = 0; i < Importers; i++) Die(buffer);
        using (var other = buffer.Attach())
        {
            Die(buffer);
            TryMap(other)?.Dispose();
        }

        var failures = buffer.HookFailures - before;
        if (failures > 0) throw new CaseFailure($"{failures} ops threw while importers were unwound");
    }

    // Attached, mapped, and gone: the host unmaps and detaches.
    private static void Die(ImportedBuffer buffer)
    {
        using var victim = buffer.Attach();
        // The kernel closes what a process had; it says nothing to the host.
        foreach (var segment in TryMap(victim)?.Segments ?? []) segment.Handle.Dispose();
        buffer.BeginCpuAccess(DataDirection.Bidirectional, ThisProcess.Caller);
        buffer.EndCpuAccess(DataDirection.Bidirectional, ThisProcess.Caller);
    }

    private static HostMapping? TryMap(HostAttachment? attachment)
    {
        try
        {
            return attachment?.Map(DataDirection.Bidirectional);
        }
        catch (HeapException)
        {
            // A heap that gives its memory to nobody, or not to so many, has other cases.
            return null;
        }
    }
}
