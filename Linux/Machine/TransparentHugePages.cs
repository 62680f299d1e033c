namespace DmaHeap.Linux;

/// <summary>What this machine says of huge pages that are not reserved beforehand.</summary>
public static class TransparentHugePages
{
    const string Folder = "sys/kernel/mm/transparent_hugepage";

    /// <summary>Whether a memfd gets pages of 2 MiB at its first touch through a mapping that was advised so (<see cref="MemoryAdvice.HugePage"/>).</summary>
    /// <remarks>From 6.12 on each size has a policy of its own, which may point to the one over all; <c>deny</c> there is above them.</remarks>
    /// <param name="root">The directory that /sys lies in.</param>
    public static bool AreForSharedMemory(string root = "/")
    {
        var all = Selected(root, "shmem_enabled");
        if (all == "deny") return false;
        var ofSize = Selected(root, "hugepages-2048kB/shmem_enabled") ?? "inherit";
        var policy = ofSize == "inherit" ? all : ofSize;
        return policy is "always" or "within_size" or "advise" or "force";
    }

    // "always within_size advise [never] deny force": the one in brackets holds. Null where the kernel has no such file.
    static string? Selected(string root, string name)
    {
        try
        {
            var words = File.ReadAllText(Path.Join(root, Folder, name)).Split(' ', StringSplitOptions.TrimEntries);
            return words.FirstOrDefault(word => word.StartsWith('['))?.Trim('[', ']');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
