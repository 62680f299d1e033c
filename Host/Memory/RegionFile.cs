using System.Globalization;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>A file or device that a region lies in: how long it is, what pages it is mapped in, and how zeros get into it, which differ from kind to kind.</summary>
internal sealed class RegionFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly bool _hasWrite;
    private readonly bool _hugePages;

    private RegionFile(SafeFileHandle file, long length, long pageSize, bool hasWrite, bool hugePages)
    {
        _file = file;
        _hasWrite = hasWrite;
        _hugePages = hugePages;
        Length = length;
        PageSize = pageSize;
    }

    public long Length { get; }

    public long PageSize { get; }

    /// <exception cref="HeapException">ENODEV: there is no such file, it cannot be opened, or not mapped.</exception>
    public static RegionFile Open(string path)
    {
        if (!Path.IsPathFullyQualified(path)) throw Unavailable(path, "is no absolute path");

        // What it is, before it is opened: opening a device may do something.
        var errno = PathCalls.TryOpen(path, PathCalls.PathOnly, out var place);
        using (place)
        {
            if (errno != Errno.None) throw Unavailable(path, $"cannot be found: {errno}, {errno.Describe()}");
            var status = FileStatus.Of(place);
            if (!status.IsRegular && !status.IsBlockDevice && !status.IsCharacterDevice)
            {
                throw Unavailable(path, "is no regular file, block device or device-DAX node");
            }

            var dax = status.IsCharacterDevice ? DaxDevice.Read(path, status) : default;
            errno = DescriptorReopen.TryOpen(place, FileAccessMode.ReadWrite, closeOnExec: true, out var file);
            if (errno != Errno.None) throw Unavailable(path, $"cannot be opened for reading and writing: {errno}, {errno.Describe()}");
            try
            {
                return status.IsCharacterDevice ? new RegionFile(file, dax.Length, dax.Alignment, hasWrite: false, hugePages: false) : OfFile(path, file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
    }

    /// <summary>Keeps every other region from these bytes, for as long as this is open.</summary>
    public Errno TryLock(long offset, long length) => RangeLock.TryAcquire(_file, offset, length);

    /// <exception cref="HeapException">There is no room beneath the file, or it cannot be written.</exception>
    public void Zero(long offset, long length)
    {
        if (_hugePages) Commit(offset, length);
        var errno = _hasWrite ? FileZeros.TryWrite(_file, offset, length) : FileZeros.TryClearMapped(_file, offset, length);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "zeroing a range of a region");
    }

    /// <summary>A new description of the file, which knows nothing of the host's.</summary>
    public Errno TryOpen(FileAccessMode mode, ReusableDescriptor opened) => DescriptorReopen.TryOpen(_file, mode, closeOnExec: true, opened);

    public void Dispose() => _file.Dispose();

    private static RegionFile OfFile(string path, SafeFileHandle file)
    {
        var errno = FileSpace.TrySeekEnd(file, out var length);
        if (errno != Errno.None) throw Unavailable(path, $"has no length: {errno}, {errno.Describe()}");
        errno = FileSystemStatus.TryGet(file, out var system);
        if (errno != Errno.None) throw Unavailable(path, $"is on a file system that says nothing of itself: {errno}, {errno.Describe()}");
        var pageSize = system.IsHugePages ? system.BlockSize : Environment.SystemPageSize;
        return new RegionFile(file, length, pageSize, hasWrite: !system.IsHugePages, system.IsHugePages);
    }

    // Pages that are missing are found here: touching them would end the host.
    private void Commit(long offset, long length)
    {
        var errno = FileSpace.TryAllocate(_file, offset, length);
        if (errno == Errno.None) return;
        if (errno is not (Errno.ENOSPC or Errno.ENOMEM)) throw SystemRefusal.From(errno, "committing huge pages of a region");
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
            string.Create(CultureInfo.InvariantCulture, $"the region's file has room, but the machine has too few free huge pages for {new ByteSize(length).ToText()}"));
    }

    internal static HeapException Unavailable(string path, string why) => new(HeapErrno.NoDevice, HeapCause.Unavailable, $"{path} {why}");
}
