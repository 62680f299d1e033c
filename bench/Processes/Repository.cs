namespace DmaHeap.Bench;

/// <summary>The clone this was built in.</summary>
static class Repository
{
    public static string Root { get; } = Find();

    static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "dmaheap.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("run this from a clone: there is no dmaheap.slnx above");
    }
}
