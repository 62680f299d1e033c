using DmaHeap.Client;

namespace DmaHeap.Testing.Conformance;

/// <summary>Buffers can be mapped, and every descriptor of one shows the same memory.</summary>
internal sealed class CpuMappable : ConformanceCase
{
    private const int Stride = 4096;

    public override string Name => "cpu-mappable";

    public override string Checks => "A small and a large buffer can be mapped for reading and writing, and what is written is read through another process's descriptor.";

    public override string Failure => "The heap promises CpuMappable: every buffer must allow mmap (see HeapBuffer.MmapPolicy), whatever its size.";

    public override HeapCapabilities Needs => HeapCapabilities.CpuMappable;

    internal override void Check(CaseRun run)
    {
        CheckOne(run, run.Heap.SmallLength);
        CheckOne(run, run.Heap.LargeLength);
    }

    private static void CheckOne(CaseRun run, long length)
    {
        using var buffer = run.Allocate(length);
        using var passed = Pass(buffer);
        using var written = CaseRun.Map(buffer);
        using var seen = CaseRun.Map(passed, FileAccess.Read);
        for (var offset = 0; offset < length; offset += Stride) written.Span[offset] = Pattern(offset);
        for (var offset = 0; offset < length; offset += Stride)
        {
            var there = seen.ReadOnlySpan[offset];
            if (there != Pattern(offset)) throw new CaseFailure($"byte {offset} was written as 0x{Pattern(offset):x2} and reads 0x{there:x2} through another descriptor");
        }
    }

    // As it comes to another process: through a socket.
    private static DmaBuffer Pass(DmaBuffer buffer)
    {
        using var sockets = new LocalSocketPair();
        buffer.Share(sockets.Near);
        return DmaBuffer.Receive(sockets.Far);
    }

    private static byte Pattern(int offset) => (byte)(((offset / Stride) % 251) + 1);
}
