namespace DmaHeap.Testing.Conformance;

/// <summary>The whole buffer for an importer in software.</summary>
internal sealed class Vmap : ConformanceCase
{
    public override string Name => "vmap";

    public override string Checks => "Vmap gives the whole buffer in one range, as often as it is asked, or refuses each time with EPERM or EOPNOTSUPP; of a heap that promises Unmappable it refuses.";

    public override string Failure => "An importer in software reads past a range that is too short, and a secret that Vmap gives is none.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(8 * run.Heap.SmallLength);
        var heapBuffer = run.Recorder.Newest;
        var first = Ask(heapBuffer);
        if (first is null && run.Promises(HeapCapabilities.Unmappable)) throw new CaseFailure("the heap promises Unmappable, and Vmap gives the memory");
        if (Ask(heapBuffer)?.Errno != first?.Errno) throw new CaseFailure("Vmap answers differently the second time");
    }

    private static HeapException? Ask(HeapBuffer buffer)
    {
        try
        {
            var whole = buffer.Vmap();
            Check(buffer, whole);
            buffer.Vunmap(whole);
            return null;
        }
        catch (HeapException refusal)
        {
            RefusalForm.Check(refusal);
            if (refusal.Errno is HeapErrno.NotPermitted or HeapErrno.NotSupported) return refusal;
            throw new CaseFailure($"Vmap is refused with {refusal.Errno} ({refusal.Cause}: {refusal.Message})", refusal);
        }
        catch (Exception fault) when (fault is not CaseFailure)
        {
            throw new CaseFailure($"Vmap or Vunmap threw {fault.GetType().Name}: {fault.Message}", fault);
        }
    }

    private static void Check(HeapBuffer buffer, MemorySegment whole)
    {
        if (whole.Memory is null) throw new CaseFailure("Vmap gives a range of no memory");
        if (whole.Length < buffer.Length) throw new CaseFailure($"Vmap gives {whole.Length} bytes of a buffer of {buffer.Length}");
        if (whole.Offset < 0 || whole.Offset > whole.Memory.Length - whole.Length) throw new CaseFailure($"Vmap gives {whole.Length} bytes from byte {whole.Offset} of a memory of {whole.Memory.Length}");
    }
}
