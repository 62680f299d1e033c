namespace DmaHeap.Testing.Conformance;

/// <summary>A new buffer reads as zeros, also when its memory was somebody else's before.</summary>
internal sealed class ZeroedMemory : ConformanceCase
{
    private const int Rounds = 4;

    public override string Name => "zeroed-memory";

    public override string Checks => "Every byte of a new buffer is zero, round after round of buffers that were filled and released.";

    public override string Failure => "One client reads what another left behind: hand out only memory that was never anybody's, or clear it.";

    public override HeapCapabilities Needs => HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled;

    internal override void Check(CaseRun run)
    {
        for (var round = 0; round < Rounds; round++)
        {
            using (var one = run.Allocate(run.Heap.SmallLength))
            using (var another = run.Allocate(8 * run.Heap.SmallLength))
            {
                ReadAndDirty(one, round);
                ReadAndDirty(another, round);
            }

            run.AwaitReleases();
        }
    }

    private static void ReadAndDirty(Client.DmaBuffer buffer, int round)
    {
        using var mapping = CaseRun.Map(buffer);
        var span = mapping.Span;
        var dirty = span.IndexOfAnyExcept((byte)0);
        if (dirty >= 0)
        {
            throw new CaseFailure($"byte {dirty} of a new buffer of {CaseRun.Text(buffer.Length)} is 0x{span[dirty]:x2}, {(round == 0 ? "before any buffer was released" : $"after {round} rounds of releases")}");
        }

        span.Fill(0xA5);
    }
}
