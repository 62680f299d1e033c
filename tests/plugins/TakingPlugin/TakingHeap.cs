using DmaHeap;
using TakingPlugin;

[assembly: HeapType(typeof(TakingHeap))]

namespace TakingPlugin;

/// <summary>A buffer that importers get other memory of than the one it is over, page by page.</summary>
public sealed class TakingBuffer(IHeapMemory memory, IHeapMemory mapped) : HeapBuffer(memory)
{
    /// <inheritdoc/>
    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction) => MemorySegment.Cut(mapped, 4096);
}

/// <summary>Takes its memory in the way that the buffer's name says, and logs when it has it.</summary>
/// <param name="context">The host's side.</param>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class TakingHeap(IHeapContext context) : Heap<HeapBuffer>
{
    const long Page = 4096;

    readonly Stack<IHeapMemory> _stock = new();

    /// <inheritdoc/>
    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        IHeapMemory memory;
        switch (request.Name)
        {
            case "longer":
                return new(Take(request.Length + Page));
            case "committed":
                return new(Take(request.Length, CommitPolicy.Committed));
            case "twice":
                var first = Take(request.Length);
                memory = Take(request.Length);
                first.Dispose();
                return new(memory);
            case "stock":
                lock (_stock) _stock.Push(Take(request.Length));
                return new(Take(request.Length));
            case "map-stock":
                memory = Take(request.Length);
                return new TakingBuffer(Take(request.Length), memory);
            case "stocked":
                lock (_stock) return new(_stock.Pop());
            case "open":
                memory = Take(request.Length);
                Write(memory, 0x42);
                return new(memory);
            case "open-elsewhere":
                memory = Take(request.Length);
                var thread = new Thread(() => Write(memory, 0x43));
                thread.Start();
                Write(memory, 0x43);
                thread.Join();
                return new(memory);
            case "throw":
                Take(request.Length);
                throw new InvalidOperationException("thrown with memory in hand");
            case "refuse":
                Take(request.Length).Dispose();
                throw new HeapException(HeapErrno.NoMemory, HeapCause.Exhausted, "refused after its memory was disposed");
            case "disposed":
                memory = Take(request.Length);
                memory.Dispose();
                return new(memory);
            case "exit":
                Take(request.Length);
                Environment.Exit(3);
                return null!;
            case "wait":
                Take(request.Length);
                cancellationToken.WaitHandle.WaitOne();
                cancellationToken.ThrowIfCancellationRequested();
                return null!;
            case "hang":
                Take(request.Length);
                Thread.Sleep(Timeout.Infinite);
                return null!;
            default:
                return new(Take(request.Length));
        }
    }

    /// <inheritdoc/>
    protected override void Release(HeapBuffer buffer, ReleaseReason reason) => context.Log.Write(HeapLogLevel.Information, "released");

    IHeapMemory Take(long length, CommitPolicy commit = CommitPolicy.Lazy)
    {
        try
        {
            var memory = context.Memory.AllocatePages(new PageRequest { Length = length, Commit = commit });
            context.Log.Write(HeapLogLevel.Information, "took");
            return memory;
        }
        catch (HeapException refusal)
        {
            context.Log.Write(HeapLogLevel.Information, $"was refused {refusal.Cause}");
            throw;
        }
    }

    static void Write(IHeapMemory memory, byte value)
    {
        using var file = memory.OpenDescriptor();
        RandomAccess.Write(file, [value], 0);
    }
}
