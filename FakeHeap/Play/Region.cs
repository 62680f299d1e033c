namespace DmaHeap.Heaps;

/// <summary>The bytes a fake pretends to have. Safe from any thread.</summary>
internal sealed class Region(FakeOptions options)
{
    private readonly Lock _lock = new();
    private long _used;
    private long _handedOut;

    /// <exception cref="HeapException">ENOMEM: they do not suffice.</exception>
    public void Take(long bytes)
    {
        lock (_lock)
        {
            if (options.RunOutAfter is { } all && bytes > all.Bytes - _handedOut)
                throw Refused(HeapCause.Exhausted, $"ran out for good after {new ByteSize(_handedOut).ToText()} of {all.ToText()}");
            if (options.Capacity is { } capacity && bytes > capacity.Bytes)
                throw Refused(HeapCause.LargerThanHeap, $"the region has {capacity.ToText()} in all");
            if (options.Capacity is { } size && bytes > size.Bytes - _used)
                throw Refused(HeapCause.Exhausted, $"{new ByteSize(size.Bytes - _used).ToText()} of {size.ToText()} are free");
            if (options.LargestRun is { } run && bytes > run.Bytes)
                throw Refused(HeapCause.Fragmented, options.Capacity is { } whole ? $"{new ByteSize(whole.Bytes - _used).ToText()} free, largest run {run.ToText()}" : $"largest run {run.ToText()}");
            _used += bytes;
            _handedOut += bytes;
        }

        HeapException Refused(string cause, string sentence) => new(HeapErrno.NoMemory, cause, $"{new ByteSize(bytes).ToText()} were asked for: {sentence}, as scripted");
    }

    public void Return(long bytes)
    {
        lock (_lock) _used -= bytes;
    }
}
