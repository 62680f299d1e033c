using System.Collections.Concurrent;
using DmaHeap.Tests.Host;

namespace DmaHeap.Tests.Importers;

/// <summary>A buffer that overrides every op, remembers what was called, and does in each what a test tells it to.</summary>
internal sealed class ScriptedBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    /// <summary>The ops, by name, in the order the host called them.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What an op does before it goes on.</summary>
    public ConcurrentDictionary<string, Action> On { get; } = new();

    public Func<IReadOnlyList<MemorySegment>>? Segments { get; set; }

    public ConcurrentQueue<AttachRequest> Requests { get; } = new();

    /// <summary>Has the heap hand out buffers of this class.</summary>
    public static Func<ScriptedBuffer> Install(TestHost host) => Install(host.Heap);

    public static Func<ScriptedBuffer> Install(ScriptedHeap heap)
    {
        heap.OnAllocate = (request, _) => new ScriptedBuffer(heap.Pages(request.Length));
        return () => (ScriptedBuffer)heap.Allocated.Last();
    }

    public override BufferAttachment Attach(in AttachRequest request)
    {
        Requests.Enqueue(request);
        Call(nameof(Attach));
        return base.Attach(in request);
    }

    public override void Detach(BufferAttachment attachment) => Call(nameof(Detach));

    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        Call(nameof(Map));
        return Segments?.Invoke() ?? base.Map(attachment, direction);
    }

    public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction) => Call(nameof(Unmap));

    public override void BeginCpuAccess(in CpuAccess access) => Call(nameof(BeginCpuAccess));

    public override void EndCpuAccess(in CpuAccess access) => Call(nameof(EndCpuAccess));

    public override MemorySegment Vmap()
    {
        Call(nameof(Vmap));
        return base.Vmap();
    }

    public override void Vunmap(MemorySegment mapping) => Call(nameof(Vunmap));

    private void Call(string op)
    {
        Calls.Enqueue(op);
        if (On.TryGetValue(op, out var action)) action();
    }
}
