namespace DmaHeap.Tests.Support;

/// <summary>The checkout the tests were built from.</summary>
static class Repository
{
    public static string Root { get; } = Find();

    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "dmaheap.slnx"))) return folder.FullName;
        }

        throw new InvalidOperationException($"There is no dmaheap.slnx above {AppContext.BaseDirectory}.");
    }
}
