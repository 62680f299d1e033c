using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>Counts this process's descriptors, after those that other tests dropped were closed by the garbage collector: nothing else changes the count.</summary>
internal static class Descriptors
{
    public static int Count(string linkPrefix)
    {
        CloseDropped();
        return OpenDescriptors.Count(linkPrefix);
    }

    public static int Count()
    {
        CloseDropped();
        return Directory.GetFiles("/proc/self/fd").Length;
    }

    private static void CloseDropped()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
