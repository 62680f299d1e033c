namespace DmaHeap.Testing;

/// <summary>A test ended and buffers of its host were still referred to, by a descriptor or a mapping in some process.</summary>
public sealed class BuffersLeftException : Exception
{
    internal BuffersLeftException(IReadOnlyList<string> buffers)
        : base($"{(buffers.Count == 1 ? "a buffer was" : $"{buffers.Count} buffers were")} left when the test host stopped, held by a descriptor or a mapping that nobody disposed: {string.Join("; ", buffers)}") =>
        Buffers = buffers;

    /// <summary>What is left, oldest first: heap, name and length of each.</summary>
    public IReadOnlyList<string> Buffers { get; }
}
