namespace DmaHeap.Testing.Conformance;

/// <summary>A heap of fixed size runs out, and says so as the kernel does.</summary>
internal sealed class Exhaustion : ConformanceCase
{
    public override string Name => "exhaustion";

    public override string Checks => "A heap that is filled up refuses with ENOMEM and a sentence.";

    public override string Failure => "Programs fall back to another heap on ENOMEM and give up on any other errno.";

    public override HeapCapabilities Needs => HeapCapabilities.FixedCapacity;

    internal override void Check(CaseRun run)
    {
        using var filling = Filling.Fill(run);
        if (filling.Bytes == 0) throw new CaseFailure($"the heap is full before its first buffer ({filling.Refusal.Message})", filling.Refusal);
        if (filling.Refusal.Errno != HeapErrno.NoMemory) throw new CaseFailure($"the full heap answers {filling.Refusal.Errno}", filling.Refusal);
        if (!filling.Refusal.Message.Trim().Contains(' ')) throw new CaseFailure($"the full heap explains itself with \"{filling.Refusal.Message}\", which is no sentence", filling.Refusal);
    }
}
