using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>The descriptors that came with the message received last. What is not taken is closed by the next receive and by Dispose, so
/// a peer that sends more than it was asked for costs nothing. Make one for each connection and reuse it. Not thread-safe.</summary>
public sealed class ReceivedDescriptors : IDisposable
{
    /// <summary>The most descriptors the kernel carries in a message (SCM_MAX_FD).</summary>
    public const int KernelLimit = 253;

    SafeFileHandle?[] _handles = [];

    /// <summary>Makes an empty container.</summary>
    /// <param name="capacity">How many descriptors a message may bring, 0 to <see cref="KernelLimit"/>. The kernel drops what is above, and
    /// <see cref="Truncated"/> says so.</param>
    public ReceivedDescriptors(int capacity = KernelLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, KernelLimit);
        Capacity = capacity;
    }

    /// <summary>How many descriptors a message may bring.</summary>
    public int Capacity { get; }

    /// <summary>How many came with the last message, taken or not.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the last message carried more than there was room for, here or in this process's limit (MSG_CTRUNC).</summary>
    public bool Truncated { get; internal set; }

    /// <summary>Takes a descriptor; from then on it is the caller's to dispose.</summary>
    /// <param name="index">Which, from 0, in the order they were sent.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    /// <exception cref="InvalidOperationException">It was taken before.</exception>
    public SafeFileHandle Take(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var handle = _handles[index] ?? throw new InvalidOperationException($"Descriptor {index} was taken before.");
        _handles[index] = null;
        return handle;
    }

    /// <summary>Closes what was not taken. The container can be used again.</summary>
    public void Dispose()
    {
        for (var i = 0; i < Count; i++)
        {
            _handles[i]?.Dispose();
            _handles[i] = null;
        }

        Count = 0;
        Truncated = false;
    }

    internal void Own(ReadOnlySpan<int> descriptors)
    {
        if (_handles.Length < Count + descriptors.Length) Array.Resize(ref _handles, Count + descriptors.Length);
        foreach (var descriptor in descriptors) _handles[Count++] = new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
