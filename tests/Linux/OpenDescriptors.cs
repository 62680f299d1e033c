namespace DmaHeap.Tests.Linux;

/// <summary>Counts this process's descriptors of one kind, by what their links in /proc/self/fd start with.</summary>
static class OpenDescriptors
{
    public static int Count(string linkPrefix) => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos()
        .Count(link => Target(link)?.StartsWith(linkPrefix, StringComparison.Ordinal) == true);

    static string? Target(FileSystemInfo link)
    {
        try { return link.LinkTarget; }
        catch (IOException) { return null; } // the descriptor of the listing itself
    }
}
