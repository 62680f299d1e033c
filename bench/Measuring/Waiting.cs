using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>Waits for what is not timed.</summary>
static class Waiting
{
    const int PauseMs = 1;

    /// <summary>Waits until something is so.</summary>
    /// <exception cref="InvalidOperationException">It is not in time; says why nothing can be measured.</exception>
    public static void Until(Func<bool> condition, TimeSpan longest, string otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > longest) throw new InvalidOperationException(otherwise);
            Thread.Sleep(PauseMs);
        }
    }
}
