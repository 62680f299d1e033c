namespace DmaHeap.Bench;

/// <summary>Those of <c>dmaheap</c>: docs/cli.md.</summary>
static class ExitCode
{
    public const int Met = 0;

    /// <summary>A target was missed, or something could not be measured.</summary>
    public const int Missed = 1;

    public const int Usage = 2;
}
