using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>A host with the heap <c>plain</c>, of which memory is kept ready, beside <c>fresh</c>, which is the same without.</summary>
internal sealed class PooledHost : IDisposable
{
    public PooledHost(PoolConfiguration? pool, HeapPages pages = HeapPages.Machine, CommitPolicy commit = CommitPolicy.Lazy, Func<DmaHeapHostOptions, DmaHeapHostOptions>? change = null)
    {
        Test = new TestHost(options =>
        {
            var plain = options.Heaps[0] with { Pool = pool, Pages = pages, Commit = commit };
            var changed = options with { Heaps = [plain, new HeapDefinition { Name = "fresh", Create = context => new ScriptedHeap(context), Pages = pages, Commit = commit }], WatchesMemory = false };
            return change is null ? changed : change(changed);
        });
    }

    /// <summary>A pool of some lengths, with so many bytes of them there at all times.</summary>
    public static PoolConfiguration Fixed(long min, params long[] sizes) => new() { Min = new(min), Sizes = [.. sizes.Select(size => new ByteSize(size))] };

    public TestHost Test { get; }

    public HeapSlot Slot => Test.Host.Core.Registry.Find("plain");

    public PagePool Pool => Slot.Memory!.Pool;

    public HeapStatistics Statistics => Slot.Statistics;

    public void WaitFor(int buffers) => Eventually.True(() => Pool.Buffers == buffers, $"the pool has {Pool.Buffers} buffers, not {buffers}: {string.Join('\n', Test.Log)}");

    public ExportedBuffer Allocate(ulong length = 4096, string heap = "plain", string name = "", uint fileFlags = 2) =>
        Test.Host.Allocate(new BufferRequest { Heap = heap, Length = length, Name = name, FileFlags = fileFlags, Caller = TestHost.Us });

    public void Dispose() => Test.Dispose();
}
