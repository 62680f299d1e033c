using DmaHeap.Hosting.Memory.Recycling;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Buffers that their clients have let go of and the host still counts. Who is about to be refused for them waits for them a little: a client that closed its buffer and asks for the next one,
/// on whichever connection, is not refused for the one that is gone. Thread-safe; no heap is called on the caller's thread.
/// </summary>
/// <param name="watch">Hears which are gone.</param>
/// <param name="recycler">Has those that were given back.</param>
internal sealed class LateReleases(ReleaseWatch watch, Recycler recycler)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(20);

    private long _begun;
    private long _ended;

    /// <summary>How far releases are: read it before what may be refused.</summary>
    public long Progress => watch.Progress;

    /// <summary>A reply with buffers is about to be sent. Until <see cref="EndHandover"/> the host has descriptors of them, too, and they live even where their client has closed its own.</summary>
    public void BeginHandover() => Interlocked.Increment(ref _begun);

    /// <summary>The host has closed its own.</summary>
    public void EndHandover() => Interlocked.Increment(ref _ended);

    /// <summary>Has what is gone released now instead of in a moment, and waits for that a little.</summary>
    /// <param name="seen"><see cref="Progress"/> before the refusal.</param>
    /// <returns>False when nothing was released since, and so nothing has changed.</returns>
    public bool TryCatchUp(long seen)
    {
        var begun = Interlocked.Read(ref _begun);
        if (Interlocked.Read(ref _ended) < begun) SpinWait.SpinUntil(() => Interlocked.Read(ref _ended) >= begun, s_patience);
        recycler.Hurry(s_patience);
        return watch.TryCatchUp(seen, s_patience);
    }
}
