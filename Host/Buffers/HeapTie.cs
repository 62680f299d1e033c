using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Buffers;

/// <summary>Something that a buffer's heap was called for and will be called to undo: a part of a list of its buffer, so that it is undone should the heap lose the buffer before.</summary>
internal abstract class HeapTie
{
    /// <summary>Undoes with the heap what that did. Whoever has this goes on as with plain memory. Called in the buffer's turn; what the heap throws is in the log.</summary>
    public abstract void EndWithHeap(OpCall call);

    /// <summary>The one tied next before this, and the one tied next after it. The list's alone.</summary>
    public HeapTie? Earlier { get; set; }

    /// <inheritdoc cref="Earlier"/>
    public HeapTie? Later { get; set; }
}

/// <summary>A list of ties, which so cost nothing to add or take out. A part of the buffer's record, and under its lock.</summary>
internal struct HeapTies
{
    private HeapTie? _latest;

    public void Add(HeapTie tie)
    {
        (tie.Earlier, tie.Later) = (_latest, null);
        if (_latest is not null) _latest.Later = tie;
        _latest = tie;
    }

    /// <summary>Takes one out; nothing where it is not there.</summary>
    public void Remove(HeapTie tie)
    {
        if (tie.Later is not null) tie.Later.Earlier = tie.Earlier;
        else if (_latest == tie) _latest = tie.Earlier;
        else return;
        if (tie.Earlier is not null) tie.Earlier.Later = tie.Later;
        (tie.Earlier, tie.Later) = (null, null);
    }

    public readonly HeapTie[] LatestFirst()
    {
        if (_latest is null) return []; // as with nearly every buffer
        var ties = new List<HeapTie>();
        for (var tie = _latest; tie is not null; tie = tie.Earlier) ties.Add(tie);
        return [.. ties];
    }
}
