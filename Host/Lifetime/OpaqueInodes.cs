using System.Runtime.InteropServices;
using DmaHeap.Linux;


namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// The inodes of opaque buffers. Their mode 0000 keeps a host that is not root from watching them a second time, so they are recognised by inode number;
/// those of memfds without huge pages are 64 bits wide and do not come back.
/// </summary>
internal sealed class OpaqueInodes
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(uint Major, uint Minor, ulong Inode), int> _watches = [];
    private readonly Dictionary<int, (uint Major, uint Minor, ulong Inode)> _inodes = [];

    public void Add(SafeHandle file, int watch)
    {
        var key = KeyOf(file);
        lock (_lock)
        {
            _watches[key] = watch;
            _inodes[watch] = key;
        }
    }

    public bool TryFind(SafeHandle file, out int watch)
    {
        var key = KeyOf(file);
        lock (_lock) return _watches.TryGetValue(key, out watch);
    }

    public void Remove(int watch)
    {
        lock (_lock)
        {
            if (_inodes.Remove(watch, out var key)) _watches.Remove(key);
        }
    }

    private static (uint Major, uint Minor, ulong Inode) KeyOf(SafeHandle file)
    {
        var status = FileStatus.Of(file);
        return (status.DeviceMajor, status.DeviceMinor, status.Inode);
    }
}
