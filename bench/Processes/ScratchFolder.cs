namespace DmaHeap.Bench;

/// <summary>A folder for sockets and programs, gone at the end.</summary>
sealed class ScratchFolder : IDisposable
{
    public ScratchFolder() => Leftovers.Add(this);

    public string Path { get; } = Directory.CreateTempSubdirectory("dmaheap-bench-").FullName;

    public void Dispose()
    {
        if (!Leftovers.Remove(this)) return;
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A program that is just ending made something more in it: it lies in the temporary directory.
        }
    }
}
