namespace DmaHeap.Bench;

/// <summary>Buffers that a program can write to at once, beside a program that makes its memory itself.</summary>
static class MemoryPart
{
    public static void Run(Workbench bench)
    {
        ReadyToWrite.Run(bench);
        SustainedUse.Run(bench);
        FrameRing.Run(bench);
        SizeCurve.Run(bench);
    }
}
