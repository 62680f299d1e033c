using System.Collections.Concurrent;

namespace DmaHeap.Tests.Reclaim;

/// <summary>A heap that says it keeps memory, and gives it when asked; or whatever else a test has it do.</summary>
internal sealed class HoardingHeap(IHeapContext context, ConcurrentQueue<string> asked) : IHeap, IShrinker
{
    private long _hoard;

    public IHeapContext Context => context;

    /// <summary>What it says it keeps.</summary>
    public long Hoard
    {
        get => Interlocked.Read(ref _hoard);
        set => Interlocked.Exchange(ref _hoard, value);
    }

    public Func<long, long>? OnScan { get; set; }

    public Func<long>? OnCount { get; set; }

    public Func<AllocationRequest, HeapBuffer>? OnAllocate { get; set; }

    public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        OnAllocate?.Invoke(request) ?? new HeapBuffer(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

    public void Release(HeapBuffer buffer, ReleaseReason reason)
    {
    }

    public long Count() => OnCount?.Invoke() ?? Hoard;

    public long Scan(long bytes)
    {
        asked.Enqueue($"{context.Name} {bytes}");
        if (OnScan is { } scan) return scan(bytes);
        var given = Math.Min(bytes, Hoard);
        Interlocked.Add(ref _hoard, -given);
        return given;
    }

    public void Dispose()
    {
    }
}
