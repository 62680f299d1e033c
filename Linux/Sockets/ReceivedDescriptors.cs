using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>The descriptors that came with the message received last. What is not taken is closed by the next receive and by Dispose, so
/// a peer that sends more than it was asked for costs nothing. Make one for each connection and reuse it. Not thread-safe.</summary>
public sealed partial class ReceivedDescriptors : IDisposable
{
    /// <summary>The most descriptors the kernel carries in a message (SCM_MAX_FD).</summary>
    public const int KernelLimit = 253;

    const int Taken = -1;

    readonly LentDescriptor _lent = new();
    int[] _numbers = [];

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
        var handle = new SafeFileHandle(Number(index), ownsHandle: true);
        _numbers[index] = Taken;
        return handle;
    }

    /// <summary>Takes a descriptor to a place of the caller's, and allocates nothing.</summary>
    /// <param name="index">Which, from 0, in the order they were sent.</param>
    /// <param name="place">Where it goes, empty until then.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    /// <exception cref="InvalidOperationException">It was taken before, or the place holds another; nothing is taken then.</exception>
    public void Take(int index, ReusableDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        place.Fill(Number(index));
        _numbers[index] = Taken;
    }

    /// <summary>Lends a descriptor for calls about it on this thread, and allocates nothing: the handle is the same each time.</summary>
    /// <param name="index">Which, from 0, in the order they were sent.</param>
    /// <returns>Means this descriptor until another is lent, or the next message received; not to be kept, disposed or given to another thread.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    /// <exception cref="InvalidOperationException">It was taken before.</exception>
    public SafeHandle Lend(int index)
    {
        _lent.Number = Number(index);
        return _lent;
    }

    /// <summary>Closes what was not taken. The container can be used again.</summary>
    public void Dispose()
    {
        _lent.Number = Taken;
        for (var i = 0; i < Count; i++)
        {
            if (_numbers[i] != Taken) close(_numbers[i]);
            _numbers[i] = Taken;
        }

        Count = 0;
        Truncated = false;
    }

    internal void Own(ReadOnlySpan<int> descriptors)
    {
        if (_numbers.Length < Count + descriptors.Length) Array.Resize(ref _numbers, Count + descriptors.Length);
        descriptors.CopyTo(_numbers.AsSpan(Count));
        Count += descriptors.Length;
    }

    int Number(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _numbers[index] != Taken ? _numbers[index] : throw new InvalidOperationException($"Descriptor {index} was taken before.");
    }

    /// <summary>Closes what its user forgot.</summary>
    ~ReceivedDescriptors() => Dispose();

    [LibraryImport("libc")]
    private static partial int close(int fd);

    /// <summary>Owns nothing, so that it can mean one descriptor after another.</summary>
    sealed class LentDescriptor() : SafeHandle(Taken, ownsHandle: false)
    {
        public override bool IsInvalid => handle == Taken;

        public int Number
        {
            set => SetHandle(value);
        }

        protected override bool ReleaseHandle() => true;
    }
}
