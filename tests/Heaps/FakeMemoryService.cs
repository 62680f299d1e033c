using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Heaps;

/// <summary>Hands out memory that is nothing but its description, remembers what it was asked for, and fails when told to.</summary>
internal sealed class FakeMemoryService : IHeapMemoryService
{
    private int _living;

    public ConcurrentQueue<PageRequest> PageRequests { get; } = [];

    public ConcurrentQueue<OpaqueRequest> OpaqueRequests { get; } = [];

    public ConcurrentQueue<RegionRequest> RegionRequests { get; } = [];

    public ConcurrentQueue<(long Offset, long Length)> Ranges { get; } = [];

    /// <summary>Thrown instead of opening a region, while set.</summary>
    public Exception? RegionFailure { get; set; }

    /// <summary>The page size of regions.</summary>
    public long RegionPageSize { get; set; } = 4096;

    /// <summary>Thrown instead of handing out memory, while set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Runs inside each allocation, before anything is handed out.</summary>
    public Action? Entered { get; set; }

    /// <summary>The page size memory turns out to have, when not the one asked for.</summary>
    public long? PageSizeGiven { get; set; }

    /// <summary>Memory handed out and not disposed.</summary>
    public int Living => _living;

    public MemoryCapabilities Capabilities { get; set; } = new()
    {
        PageSize = 4096,
        HugePages = [new HugePagePool(2L << 20, 16, 16)],
        SecretMemory = true,
    };

    public IHeapMemory AllocatePages(in PageRequest request)
    {
        PageRequests.Enqueue(request);
        return Give(request.Length, PageSizeGiven ?? (request.PageSize == 0 ? Capabilities.PageSize : request.PageSize), MemoryKind.Pages);
    }

    public IHeapMemory AllocateOpaque(in OpaqueRequest request)
    {
        OpaqueRequests.Enqueue(request);
        return Give(request.Length, Capabilities.PageSize, MemoryKind.Opaque);
    }

    public IMemoryRegion OpenRegion(in RegionRequest request)
    {
        if (RegionFailure is { } failure) throw failure;
        RegionRequests.Enqueue(request);
        return new Region(request.Path, request.Length, RegionPageSize);
    }

    public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length)
    {
        Ranges.Enqueue((offset, length));
        return Give(length, region.PageSize, MemoryKind.Range);
    }

    private Memory Give(long length, long pageSize, MemoryKind kind)
    {
        Entered?.Invoke();
        if (Failure is { } failure) throw failure;
        Interlocked.Increment(ref _living);
        return new Memory(this, (((length - 1) / pageSize) + 1) * pageSize, pageSize, kind);
    }

    private sealed record Region(string Path, long Length, long PageSize) : IMemoryRegion
    {
        public void Dispose()
        {
        }
    }

    private sealed class Memory(FakeMemoryService owner, long length, long pageSize, MemoryKind kind) : IHeapMemory
    {
        private int _disposed;

        public long Length => length;

        public long PageSize => pageSize;

        public MemoryKind Kind => kind;

        public SafeFileHandle OpenDescriptor() => throw new NotSupportedException("this memory is only described");

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) Interlocked.Decrement(ref owner._living);
        }
    }
}
