namespace DmaHeap.KernelAbi.Answers;

/// <summary>What the descriptor of an ioctl is. <c>default</c> is <see cref="Foreign"/>.</summary>
internal readonly record struct CallTarget
{
    private CallTarget(CallTargetKind kind, string heap, BufferFacts facts)
    {
        Kind = kind;
        Heap = heap;
        Facts = facts;
    }

    /// <summary>Not ours: the kernel itself answers.</summary>
    public static CallTarget Foreign => default;

    public CallTargetKind Kind { get; }

    /// <summary>The heap's name; of a node only.</summary>
    public string Heap { get; }

    /// <summary>Of a buffer only.</summary>
    public BufferFacts Facts { get; }

    /// <summary>A node of /dev/dma_heap.</summary>
    /// <param name="heap">The name of the heap it stands for, not an alias.</param>
    public static CallTarget Node(string heap) => new(CallTargetKind.Node, heap, default);

    /// <summary>The node /dev/udmabuf.</summary>
    public static CallTarget Udmabuf => new(CallTargetKind.Udmabuf, "", default);

    /// <summary>A buffer of the backend, or of the program's own memory.</summary>
    public static CallTarget Buffer(BufferFacts facts) => new(CallTargetKind.Buffer, "", facts);
}

internal enum CallTargetKind
{
    Foreign = 0,
    Node = 1,
    Buffer = 2,
    Udmabuf = 3,
}
