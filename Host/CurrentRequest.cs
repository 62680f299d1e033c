namespace DmaHeap.Hosting;

/// <summary>
/// The request that this thread carries out. Heaps are called on the thread that read the request, so that everything that is logged on the way, by host or heap, can name it.
/// </summary>
internal static class CurrentRequest
{
    private const ulong Embedded = 0;

    [ThreadStatic]
    private static RequestId t_id;

    private static ulong s_lastEmbedded;

    public static RequestId Id => t_id;

    /// <summary>As log lines have it.</summary>
    public static string Text => t_id.IsKnown ? t_id.ToString() : "none";

    /// <summary>Begins a request that came by a connection.</summary>
    public static Scope Enter(ulong connection, ulong number) => new(new RequestId(connection, number));

    /// <summary>Goes on with a request that may have begun on another thread.</summary>
    public static Scope Resume(RequestId id) => new(id);

    /// <summary>Begins a request of the program that embeds the host.</summary>
    public static Scope EnterEmbedded() => new(new RequestId(Embedded, Interlocked.Increment(ref s_lastEmbedded)));

    /// <summary>The time of one request; disposing it ends that.</summary>
    internal readonly ref struct Scope
    {
        private readonly RequestId _before;

        public Scope(RequestId id)
        {
            _before = t_id;
            t_id = id;
        }

        public void Dispose() => t_id = _before;
    }
}
