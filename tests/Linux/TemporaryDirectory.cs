namespace DmaHeap.Tests.Linux;

/// <summary>A directory that goes with the test.</summary>
sealed class TemporaryDirectory : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("dmaheap-");

    public string Path => _directory.FullName;

    public string this[string name] => System.IO.Path.Join(Path, name);

    /// <summary>Writes a file with the directories above it.</summary>
    public void Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
