using DmaHeap.KernelAbi.Calls;
using DmaHeap.KernelAbi.Calling;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>
/// Answers one ioctl as the kernel's dma-heap and dma-buf code does: the same checks in the same order. Touches the world through the caller and the backend alone.
/// Thread-safe; one object serves all calls.
/// </summary>
/// <param name="backend">Where buffers come from.</param>
/// <param name="syncFiles">Where sync files come from.</param>
/// <param name="udmabufs">Where buffers of the program's own memory come from.</param>
/// <param name="refusals">Hears why.</param>
internal sealed class IoctlAnswers(IHeapBackend backend, ISyncFileSource syncFiles, IUdmabufSource udmabufs, IRefusalLog refusals)
{
    private readonly NodeCalls _node = new(backend, refusals);
    private readonly BufferCalls _buffer = new(backend, syncFiles, refusals);
    private readonly UdmabufCalls _udmabuf = new(udmabufs, refusals);

    /// <param name="target">What the ioctl was made on.</param>
    /// <param name="number">Its second argument.</param>
    /// <param name="argument">Its third: an address in the caller.</param>
    /// <param name="caller">Who made it.</param>
    /// <param name="cancellationToken">Given to the heap: the caller is gone, or this process is about to end.</param>
    public KernelAnswer Answer(in CallTarget target, IoctlNumber number, ulong argument, ICaller caller, CancellationToken cancellationToken) => target.Kind switch
    {
        CallTargetKind.Node => _node.Answer(target.Heap, number, argument, caller, cancellationToken),
        CallTargetKind.Buffer => _buffer.Answer(target.Facts, number, argument, caller),
        CallTargetKind.Udmabuf => _udmabuf.Answer(number, argument, caller),
        _ => KernelAnswer.PassThrough,
    };
}
