using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>
/// /dev/dma_heap as a mount that the program and its children alone see, and that ends with them. A node is a character device which by itself does nothing: the null device's,
/// which refuses ioctls and mappings as a heap's node does.
/// </summary>
internal sealed class MountedDirectory : ShownDirectory
{
    private const uint NullMajor = 1, NullMinor = 3;
    private readonly SafeFileHandle _place, _devices;

    private MountedDirectory(SafeFileHandle place, SafeFileHandle devices, NodeTable nodes)
        : base(DirectoryWay.Mount, nodes)
    {
        _place = place;
        _devices = devices;
        Key = FileKey.Of(FileStatus.Of(place));
    }

    /// <summary>The directory itself.</summary>
    public FileKey Key { get; }

    /// <summary>Mounts it for the calling thread and what that starts. On failure the thread may have a mount namespace of its own already, in which all is as it was.</summary>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_ADMIN; whatever else the kernel refuses.</exception>
    public static MountedDirectory Mount(HeapDirectory directory)
    {
        MountNamespace.TryUnshare().ThrowIfFailed("unshare(CLONE_NEWNS)");
        var kernels = Directory.Exists(HeapDirectory.Path) ? DirectoryHandle.Open(HeapDirectory.Path) : null;
        using (kernels)
        {
            if (kernels is null)
            {
                PrivateDevices.Cover();
                Directory.CreateDirectory(HeapDirectory.Path);
            }

            MountNamespace.TryMountMemory(HeapDirectory.Path, "mode=755", programs: false).ThrowIfFailed("mount", HeapDirectory.Path);
            var nodes = MakeNodes(directory);
            // Only in a /dev that is the program's own: in the system's all would see it.
            if (kernels is null && !UdmabufNode.KernelHasIt)
            {
                MakeNode(UdmabufNode.Path);
                nodes.AddUdmabuf(UdmabufNode.Path);
            }

            if (kernels is not null && directory.Overlap == HeapOverlap.Add) ShowKernels(kernels);
            // Held open: the device numbers, by which the nodes are known, are given to nobody else while the mounts live.
            return new MountedDirectory(DirectoryHandle.Open(HeapDirectory.Path), DirectoryHandle.Open(Path.GetDirectoryName(UdmabufNode.Path)!), nodes);
        }
    }

    public override void Dispose()
    {
        _place.Dispose();
        _devices.Dispose();
    }

    private static NodeTable MakeNodes(HeapDirectory directory)
    {
        var nodes = new NodeTable();
        foreach (var (name, heap, _) in directory.Names)
        {
            var path = Path.Join(HeapDirectory.Path, name);
            MakeNode(path);
            nodes.Add(path, heap);
        }

        return nodes;
    }

    // Where devices may not be made, a plain file does: it differs in what stat says.
    private static void MakeNode(string path)
    {
        if (DeviceNode.TryMakeCharacter(path, HeapDirectory.NodeMode, NullMajor, NullMinor) != Errno.None) File.Create(path).Dispose();
        File.SetUnixFileMode(path, HeapDirectory.NodeMode);
    }

    private static void ShowKernels(SafeFileHandle kernels)
    {
        var root = DirectoryHandle.PathOf(kernels);
        foreach (var source in Directory.EnumerateFiles(root + "/"))
        {
            var target = Path.Join(HeapDirectory.Path, Path.GetFileName(source));
            if (File.Exists(target)) continue;
            File.Create(target).Dispose();
            MountNamespace.TryBind(source, target).ThrowIfFailed("mount", target);
        }
    }
}
