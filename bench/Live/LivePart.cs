namespace DmaHeap.Bench;

/// <summary>What many live buffers cost, and what the host holds for itself.</summary>
static class LivePart
{
    public static void Run(Workbench bench)
    {
        bench.Measure("idle host, three heaps", () => IdleHost.Measure(bench));
        LiveBuffers.Run(bench);
    }
}
