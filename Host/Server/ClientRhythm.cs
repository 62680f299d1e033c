namespace DmaHeap.Hosting.Server;

/// <summary>
/// How a client's requests have come so far: a worker that has answered one learns from it whether another is worth looking for before it sleeps. A guess, so two workers at one
/// connection may spoil it for each other, and nothing but time is lost.
/// </summary>
internal sealed class ClientRhythm
{
    private const int Trial = 16;

    private int _inOneGo;
    private int _answers;

    /// <summary>When it is worth waiting awake for the next one.</summary>
    public SpinRhythm Spin { get; } = new();

    /// <summary>Whether to look once whether the next request is there already, before the event set is asked to tell. Clients that send several in one go make it worth a call.</summary>
    public bool IsWorthALook => Volatile.Read(ref _inOneGo) > 0 || (++_answers & (Trial - 1)) == 0;

    /// <summary>How such a look went.</summary>
    public void Looked(bool found) => _inOneGo = found ? Trial : Math.Max(0, _inOneGo - 1);
}
