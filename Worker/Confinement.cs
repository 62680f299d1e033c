using DmaHeap.Linux;

namespace DmaHeap.Worker;

/// <summary>What the worker takes from itself before it loads a plugin. Its privileges and the host's descriptors it never had: it was started without them.</summary>
internal static class Confinement
{
    private const int Kill = 9;
    private const ulong MostFiles = 1024;

    public static void Apply()
    {
        ProcessControl.SetParentDeathSignal(Kill);
        Lower(LimitedResource.CoreSize, 0);
        Lower(LimitedResource.OpenFiles, MostFiles);

        // What a plugin prints is nobody's; what it complains of is read, and the last of it told when the process dies.
        Console.SetOut(TextWriter.Null);
    }

    private static void Lower(LimitedResource resource, ulong most)
    {
        var limit = Math.Min(most, ResourceLimits.Get(resource).Hard);
        ResourceLimits.TrySet(resource, new ResourceLimit(limit, limit)).ThrowIfFailed("setrlimit", resource.ToString());
    }
}
