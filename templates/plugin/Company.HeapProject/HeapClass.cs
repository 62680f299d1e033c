using DmaHeap;
using HeapNamespace;

[assembly: HeapType(typeof(HeapClass), Options = typeof(HeapClassOptions))]

namespace HeapNamespace;

/// <summary>Ordinary memory, up to a largest buffer. The host calls from many threads at once.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class HeapClass(IHeapContext context, HeapClassOptions options) : Heap<HeapClassBuffer>
{
    protected override HeapClassBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        if (request.Length > options.LargestBuffer.Bytes)
        {
            // The client gets the errno, the code, which programs may compare, and the sentence.
            throw new HeapException(
                HeapErrno.NoMemory, HeapCause.LargerThanHeap, $"{new ByteSize(request.Length)} were asked for; {context.Name} hands out {options.LargestBuffer} at most");
        }

        return new HeapClassBuffer(context.Memory.AllocatePages(new PageRequest { Length = request.Length, Commit = request.Commit }));
    }

    // Comes exactly once for every buffer that Allocate returned, whatever happened to it. The memory itself is the host's to free.
    protected override void Release(HeapClassBuffer buffer, ReleaseReason reason) =>
        context.Log.Write(HeapLogLevel.Debug, "A buffer was released", new LogField("CpuAccesses", buffer.CpuAccesses));
}

/// <summary>What this heap knows of one buffer. Every op of a buffer that is not overridden has a default that serves.</summary>
public sealed class HeapClassBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    /// <summary>A plain field is enough: the host never calls two ops of one buffer at once.</summary>
    public long CpuAccesses { get; private set; }

    public override void BeginCpuAccess(in CpuAccess access) => CpuAccesses++;
}
