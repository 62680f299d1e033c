namespace DmaHeap.Testing;

/// <summary>A test ended and something of its host was still there: a buffer that some process refers to, or a watch without a buffer. Immutable.</summary>
public sealed class LeftBehindException : Exception
{
    internal LeftBehindException(Leftovers left)
        : base(left.ToString())
    {
        Buffers = left.Buffers;
        Descriptors = left.Descriptors;
        Mappings = left.Mappings;
        Watches = left.Watches;
    }

    /// <summary>Buffers that are left, oldest first: heap, name and length of each.</summary>
    public IReadOnlyList<string> Buffers { get; }

    /// <summary>Descriptors of this process that hold them: the number of each, and its buffer.</summary>
    public IReadOnlyList<string> Descriptors { get; }

    /// <summary>Mappings of this process that hold them: the addresses of each, and its buffer. A buffer with neither is held by another process, or is on its way in a socket.</summary>
    public IReadOnlyList<string> Mappings { get; }

    /// <summary>Watches of the host for which it knows no buffer: a defect of the host's.</summary>
    public IReadOnlyList<string> Watches { get; }
}
