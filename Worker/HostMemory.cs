using DmaHeap.Hosting.Isolation;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Worker;

/// <summary>Memory of the host, which the worker has by number.</summary>
internal sealed class HostMemory(ulong number, long length, long pageSize, MemoryKind kind, Upcalls upcalls, Action<ulong> forget) : IHeapMemory
{
    private int _disposed;

    public ulong Number => number;

    public long Length => length;

    public long PageSize => pageSize;

    public MemoryKind Kind => kind;

    public SafeFileHandle OpenDescriptor() =>
        upcalls.Ask(to => to.Begin(WireKind.OpenDescriptor).Number(number), static (_, channel) => channel.TakeDescriptor());

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        forget(number);
        upcalls.Tell(to => to.Begin(WireKind.DisposeMemory).Number(number));
    }
}

/// <summary>A region of the host's, by number.</summary>
internal sealed class HostRegion(ulong number, string path, long length, long pageSize, Upcalls upcalls) : IMemoryRegion
{
    private int _disposed;

    public ulong Number => number;

    public string Path => path;

    public long Length => length;

    public long PageSize => pageSize;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) upcalls.Tell(to => to.Begin(WireKind.DisposeRegion).Number(number));
    }
}
