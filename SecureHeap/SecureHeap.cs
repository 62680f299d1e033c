using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(SecureHeap))]

namespace DmaHeap.Heaps;

/// <summary>Buffers whose descriptor stands for memory that no process can map, read or write; behind it is secret memory of the kernel.</summary>
[HeapCapabilities(HeapCapabilities.Unmappable)]
public sealed class SecureHeap : Heap<HeapBuffer>
{
    private readonly IHeapMemoryService _memory;

    /// <summary>Starts the heap.</summary>
    /// <param name="context">The host's side.</param>
    /// <exception cref="HeapException">ENODEV <see cref="HeapCause.NoSecretMemory"/> where the kernel has no secret memory: there is nothing weaker to fall back on.</exception>
    public SecureHeap(IHeapContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var machine = context.Memory.Capabilities;
        if (!machine.SecretMemory)
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoSecretMemory, $"no secret memory here: {machine.SecretMemoryReason}");
        }

        _memory = context.Memory;
    }

    /// <inheritdoc/>
    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        new(_memory.AllocateOpaque(new OpaqueRequest { Length = request.Length, Backing = OpaqueBacking.Secret }));
}
