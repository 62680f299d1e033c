using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>A heap's region in a file or device, and which parts of it are memory of buffers now. Safe from any thread; zeros are written outside the lock.</summary>
internal sealed class MemoryRegion : IMemoryRegion
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, long> _ends = []; // of live ranges, by their starts
    private readonly RegionFile _file;
    private readonly long _start;

    private MemoryRegion(RegionFile file, string path, long start, long length)
    {
        _file = file;
        _start = start;
        Path = path;
        Length = length;
    }

    public string Path { get; }

    public long Length { get; }

    public long PageSize => _file.PageSize;

    /// <exception cref="HeapException">ENODEV: the file is none that a region can lie in, or too short. EBUSY: another heap has it.</exception>
    public static MemoryRegion Open(in RegionRequest request)
    {
        var file = RegionFile.Open(request.Path);
        try
        {
            Check(file, in request);
            var errno = file.TryLock(request.Offset, request.Length);
            if (errno == Errno.None) return new MemoryRegion(file, request.Path, request.Offset, request.Length);
            if (errno is not (Errno.EAGAIN or Errno.EACCES)) throw SystemRefusal.From(errno, $"locking the region in {request.Path}");
            throw new HeapException(HeapErrno.Busy, HeapCause.RangeInUse,
                $"{request.Path}: {Text(request.Length)} at {Text(request.Offset)} are, in part, the region of another heap, of this or another host");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <exception cref="HeapException">EIO: not inside, or taken. As <see cref="RegionFile.Zero"/> otherwise.</exception>
    public RangeMemory Take(long offset, long length)
    {
        if (length <= 0 || offset < 0 || length > Length - offset || offset % PageSize != 0 || length % PageSize != 0)
        {
            throw Fault($"{length} bytes at {offset}, which are no pages of {Text(PageSize)} inside the region's {Length} bytes");
        }

        lock (_lock)
        {
            if (Overlaps(offset, offset + length)) throw Fault($"{length} bytes at {offset}, some of which are another buffer's");
            _ends.Add(offset, offset + length);
        }

        try
        {
            _file.Zero(_start + offset, length);
            return new RangeMemory(this, offset, length);
        }
        catch
        {
            Return(offset);
            throw;
        }
    }

    public void Return(long offset)
    {
        lock (_lock) _ends.Remove(offset);
    }

    /// <summary>Where a range lies in the file that importers get.</summary>
    public long InFile(long offset) => _start + offset;

    public void OpenFile(FileAccessMode mode, ReusableDescriptor opened)
    {
        var errno = _file.TryOpen(mode, opened);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "opening a region's file for an importer");
    }

    public void Dispose() => _file.Dispose();

    private bool Overlaps(long start, long end)
    {
        foreach (var (otherStart, otherEnd) in _ends)
        {
            if (otherStart >= end) return false;
            if (otherEnd > start) return true;
        }

        return false;
    }

    private static void Check(RegionFile file, in RegionRequest request)
    {
        var page = file.PageSize;
        if (request.Offset < 0 || request.Offset % page != 0)
        {
            throw RegionFile.Unavailable(request.Path, $"is mapped in pages of {Text(page)}, and the offset {request.Offset} is no multiple of that");
        }

        if (request.Length <= 0 || request.Length % page != 0)
        {
            throw RegionFile.Unavailable(request.Path, $"is mapped in pages of {Text(page)}, and the length {request.Length} is no positive multiple of that");
        }

        if (request.Length > file.Length - request.Offset)
        {
            throw RegionFile.Unavailable(request.Path, $"has {file.Length} bytes ({Text(file.Length)}), and the region would end at {(decimal)request.Offset + request.Length}");
        }
    }

    private static HeapException Fault(string what) =>
        new(HeapErrno.InputOutput, HeapCause.HeapFault, $"the heap broke the contract: it asked for {what}");

    private static string Text(long bytes) => new ByteSize(bytes).ToText();
}
