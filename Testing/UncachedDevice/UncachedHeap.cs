using System.Globalization;

namespace DmaHeap.Testing;

/// <summary>The heap of an <see cref="UncachedDevice"/>.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
internal sealed class UncachedHeap(IHeapContext context, UncachedDevice device) : Heap<UncachedBuffer>
{
    private long _allocated;

    protected override UncachedBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var name = request.Name.Length > 0 ? $"\"{request.Name}\"" : $"buffer {Interlocked.Increment(ref _allocated).ToString(CultureInfo.InvariantCulture)}";
        var pages = new PageRequest { Length = request.Length };
        var cpuCopy = context.Memory.AllocatePages(in pages);
        IHeapMemory? deviceCopy = null;
        try
        {
            deviceCopy = context.Memory.AllocatePages(in pages);
            var buffer = new UncachedBuffer(cpuCopy, deviceCopy, name, device);
            device.Add(buffer);
            return buffer;
        }
        catch
        {
            deviceCopy?.Dispose();
            cpuCopy.Dispose();
            throw;
        }
    }

    protected override void Release(UncachedBuffer buffer, ReleaseReason reason)
    {
        device.Remove(buffer);
        buffer.Free();
    }
}
