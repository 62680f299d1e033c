using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>
/// A private directory with a file a heap, onto which calls that name /dev/dma_heap are answered: for where nothing may be mounted. What is opened so is a real directory or file, which
/// answers readdir, fstat and openat by itself.
/// </summary>
internal sealed class ImitatedDirectory : ShownDirectory
{
    private const UnixFileMode ReadAndSearch =
        UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly PrivateHome _home;
    private readonly string _listed, _unlisted;
    private readonly HashSet<string> _hidden = new(StringComparer.Ordinal), _kernels = new(StringComparer.Ordinal);

    private ImitatedDirectory(PrivateHome home, NodeTable nodes)
        : base(DirectoryWay.Answers, nodes)
    {
        _home = home;
        _listed = Path.Join(home.Path, "dma_heap");
        _unlisted = Path.Join(home.Path, "aliases");
    }

    /// <exception cref="IOException">There is no room for it.</exception>
    public static ImitatedDirectory Make(HeapDirectory directory)
    {
        var nodes = new NodeTable();
        var made = new ImitatedDirectory(PrivateHome.Make(), nodes);
        try
        {
            made.Fill(directory);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Where /dev/udmabuf is carried out; null where the system itself shall.</summary>
    public string? Udmabuf { get; private set; }

    /// <summary>Where a path below /dev/dma_heap is carried out; null where the system itself shall.</summary>
    /// <param name="rest">What follows /dev/dma_heap: empty, or a slash and more.</param>
    public string? Locate(string rest)
    {
        var name = rest.TrimStart('/').Split('/', 2)[0];
        if (_kernels.Contains(name)) return null;
        return (_hidden.Contains(name) ? _unlisted : _listed) + rest;
    }

    public override void Dispose() => _home.Dispose();

    private void Fill(HeapDirectory directory)
    {
        File.SetUnixFileMode(_home.Path, UnixFileMode.UserWrite | ReadAndSearch);
        Directory.CreateDirectory(_listed);
        Directory.CreateDirectory(_unlisted);
        foreach (var (name, heap, isAlias) in directory.Names)
        {
            var isHidden = isAlias && !directory.ListAliases;
            if (isHidden) _hidden.Add(name);
            var path = Path.Join(isHidden ? _unlisted : _listed, name);
            File.Create(path).Dispose();
            File.SetUnixFileMode(path, HeapDirectory.NodeMode);
            Nodes.Add(path, heap);
        }

        if (!UdmabufNode.KernelHasIt)
        {
            Udmabuf = Path.Join(_home.Path, "udmabuf");
            File.Create(Udmabuf).Dispose();
            File.SetUnixFileMode(Udmabuf, HeapDirectory.NodeMode);
            Nodes.AddUdmabuf(Udmabuf);
        }

        if (directory.Overlap == HeapOverlap.Add) ListKernels();
        File.SetUnixFileMode(_listed, ReadAndSearch);
    }

    private void ListKernels()
    {
        if (!Directory.Exists(HeapDirectory.Path)) return;
        foreach (var name in Directory.EnumerateFileSystemEntries(HeapDirectory.Path).Select(path => Path.GetFileName(path)))
        {
            var path = Path.Join(_listed, name);
            if (File.Exists(path) || _hidden.Contains(name)) continue;
            _kernels.Add(name);
            File.Create(path).Dispose();
        }
    }
}
