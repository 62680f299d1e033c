using System.Diagnostics.CodeAnalysis;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>Which heap a file stands for. Filled before the program starts, and only read afterwards.</summary>
internal sealed class NodeTable
{
    private readonly Dictionary<FileKey, string> _heaps = [];

    /// <summary>Enters a file that was just made.</summary>
    /// <exception cref="LinuxException">It is not there.</exception>
    public void Add(string path, string heap)
    {
        FileStatus.TryGet(path, out var status).ThrowIfFailed("statx", path);
        _heaps.Add(FileKey.Of(in status), heap);
    }

    public bool TryFind(FileKey file, [NotNullWhen(true)] out string? heap) => _heaps.TryGetValue(file, out heap);
}
