using System.Collections.Concurrent;

namespace DmaHeap.Tests.Host;

/// <summary>A heap of pages that does what a test tells it to, and remembers what the host did.</summary>
internal sealed class ScriptedHeap(IHeapContext context) : IHeap, IHeapGauge
{
    public IHeapContext Context => context;

    public Func<AllocationRequest, CancellationToken, HeapBuffer>? OnAllocate { get; set; }

    public Action<HeapBuffer>? OnRelease { get; set; }

    public Func<HeapGauges>? OnGauges { get; set; }

    public Action? OnDispose { get; set; }

    public ConcurrentQueue<HeapBuffer> Allocated { get; } = new();

    public ConcurrentQueue<(HeapBuffer Buffer, ReleaseReason Reason)> Released { get; } = new();

    public int DisposeCalls { get; private set; }

    public IHeapMemory Pages(long length) => context.Memory.AllocatePages(new PageRequest { Length = length });

    public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var buffer = OnAllocate is null ? new HeapBuffer(Pages(request.Length)) : OnAllocate(request, cancellationToken);
        if (buffer is not null) Allocated.Enqueue(buffer);
        return buffer!;
    }

    public void Release(HeapBuffer buffer, ReleaseReason reason)
    {
        Released.Enqueue((buffer, reason));
        OnRelease?.Invoke(buffer);
    }

    public HeapGauges ReadGauges() => OnGauges?.Invoke() ?? default;

    public void Dispose()
    {
        DisposeCalls++;
        OnDispose?.Invoke();
    }
}
