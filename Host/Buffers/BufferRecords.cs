using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// Makes the records of buffers, of old ones where it can: a buffer that is allocated and released leaves none on the managed heap. One that anybody found in the table is not used
/// again, as nobody knows who keeps it. Thread-safe.
/// </summary>
internal sealed class BufferRecords
{
    private const int MostSpare = 4096;

    private readonly Spares<BufferRecord> _spares = new(MostSpare);
    private ulong _lastSequence;

    /// <summary>The record of a buffer that its heap has just returned. Two have it from now on: whoever hands it out and whoever releases it.</summary>
    public BufferRecord New(HeapSlot heap, HeapBuffer buffer, HostMemory memory, Caller owner, string name, long createdAt)
    {
        if (!_spares.TryTake(out var record)) record = new BufferRecord();
        record.Begin(NextSequence(), heap, buffer, memory, owner, name, createdAt);
        return record;
    }

    /// <summary>The record of a buffer that a host before this one made: alive, and without a heap's object from the first.</summary>
    public BufferRecord Adopted(HeapSlot heap, HostMemory memory, Caller owner, string name, long adoptedAt)
    {
        var record = new BufferRecord();
        record.BeginAdopted(NextSequence(), heap, memory, owner, name, adoptedAt);
        return record;
    }

    /// <summary>One of the two is done with it. Called once by each whose part ended well; where that failed the record is left to the garbage collector.</summary>
    public void LetGo(BufferRecord record)
    {
        if (!record.TryEnd(out var memory)) return;
        memory.End();
        _spares.Add(record);
    }

    // A number for a buffer, never used before in this host's run.
    private ulong NextSequence() => Interlocked.Increment(ref _lastSequence);
}
