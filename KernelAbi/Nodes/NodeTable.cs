using System.Diagnostics.CodeAnalysis;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>Which heap a file stands for. Filled before the program starts, and only read afterwards.</summary>
internal sealed class NodeTable
{
    private readonly Dictionary<FileKey, string> _heaps = [];

    /// <summary>Enters a file that was just made.</summary>
    /// <exception cref="LinuxException">It is not there.</exception>
    public void Add(string path, string heap) => _heaps.Add(KeyOf(path), heap);

    /// <summary>The file that stands for /dev/udmabuf; null where none of ours does.</summary>
    public FileKey? Udmabuf { get; private set; }

    /// <summary>Enters the file that stands for /dev/udmabuf.</summary>
    /// <exception cref="LinuxException">It is not there.</exception>
    public void AddUdmabuf(string path) => Udmabuf = KeyOf(path);

    public bool TryFind(FileKey file, [NotNullWhen(true)] out string? heap) => _heaps.TryGetValue(file, out heap);

    private static FileKey KeyOf(string path)
    {
        FileStatus.TryGet(path, out var status).ThrowIfFailed("statx", path);
        return FileKey.Of(in status);
    }
}
