using System.Diagnostics.CodeAnalysis;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// The buffers of one request while they are made, in arrays that a worker has once: nothing is allocated for a request, whether it asks for one buffer or for 253.
/// A worker's own, and empty between requests, so that nothing here keeps a buffer or a plugin in memory.
/// </summary>
internal sealed class BufferBatch
{
    private readonly ulong[] _lengths = new ulong[ProtocolConstants.MaxDescriptors];
    private readonly BufferRecord[] _made = new BufferRecord[ProtocolConstants.MaxDescriptors];
    private readonly ReusableDescriptor?[] _descriptors = new ReusableDescriptor?[ProtocolConstants.MaxDescriptors]; // the first so many as were ever needed
    private int _asked;
    private int _count;

    /// <summary>Bytes of each buffer asked for, as the client said them.</summary>
    public ReadOnlySpan<ulong> Lengths => _lengths.AsSpan(0, _asked);

    /// <summary>The first of them, which are made.</summary>
    public ReadOnlySpan<BufferRecord> Made => _made.AsSpan(0, _count);

    /// <summary>The descriptors of those.</summary>
    public ReadOnlySpan<ReusableDescriptor> Descriptors => _descriptors.AsSpan(0, _count)!;

    /// <summary>Where the descriptor of the next one goes.</summary>
    public ReusableDescriptor Next => _descriptors[_count] ??= new ReusableDescriptor();

    /// <summary>Forgets what the request before asked for, which may have been refused half read.</summary>
    public void Begin() => _asked = 0;

    /// <summary>Asks for some more of one size.</summary>
    /// <returns>False when they are more than a message can carry.</returns>
    public bool TryAsk(ulong length, uint count)
    {
        if (count > (uint)(_lengths.Length - _asked)) return false;
        _lengths.AsSpan(_asked, (int)count).Fill(length);
        _asked += (int)count;
        return true;
    }

    /// <summary>The next one is made, and its descriptor is where it belongs.</summary>
    public void Add(BufferRecord record) => _made[_count++] = record;

    /// <summary>The last one made, which is none of them from now on.</summary>
    public bool TryTakeLast([NotNullWhen(true)] out BufferRecord? last, [NotNullWhen(true)] out ReusableDescriptor? descriptor)
    {
        (last, descriptor) = (null, null);
        if (_count == 0) return false;
        (last, descriptor) = (_made[--_count], _descriptors[_count]!);
        _made[_count] = null!;
        return true;
    }

    /// <summary>Closes the descriptors: what was sent is the client's.</summary>
    public void CloseDescriptors()
    {
        foreach (var descriptor in Descriptors) descriptor.Clear();
    }

    /// <summary>The request is over.</summary>
    public void Clear()
    {
        Array.Clear(_made, 0, _count);
        _asked = _count = 0;
    }
}
