using DmaHeap.Hosting.Isolation;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Worker;

/// <summary>
/// What the heap asks of the host: on the lane of the call that is under way on this thread, whose other end waits there anyway; from threads of the plugin's own on a socket for
/// all of them. Thread-safe.
/// </summary>
internal sealed class Upcalls : IDisposable
{
    [ThreadStatic]
    private static Channel? t_lane;

    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _open = new();
    private Channel? _shared;

    public void Open(Channel shared)
    {
        _shared = shared;
        _open.Set();
    }

    /// <summary>Says which lane this thread serves; null for none.</summary>
    public static void SetLane(Channel? lane) => t_lane = lane;

    /// <summary>Asks and waits for the answer.</summary>
    /// <param name="write">Begins and writes the request.</param>
    /// <param name="read">Reads the answer, and takes its descriptor.</param>
    /// <exception cref="HeapException">The host refuses.</exception>
    public T Ask<T>(Action<WireWriter> write, Func<WireReader, Channel, T> read)
    {
        if (t_lane is { } lane) return Ask(lane, write, read);
        _open.Wait();
        lock (_lock) return Ask(_shared!, write, read);
    }

    /// <summary>Tells, without an answer.</summary>
    public void Tell(Action<WireWriter> write)
    {
        if (t_lane is { } lane)
        {
            Tell(lane, write);
            return;
        }

        _open.Wait();
        lock (_lock) Tell(_shared!, write);
    }

    public void Dispose() => _shared?.Dispose();

    private static void Tell(Channel channel, Action<WireWriter> write)
    {
        write(channel.Out);
        channel.Send();
    }

    private static T Ask<T>(Channel channel, Action<WireWriter> write, Func<WireReader, Channel, T> read)
    {
        Tell(channel, write);
        var kind = channel.Receive();
        if (kind == WireKind.Refused) throw channel.In.ReadRefusal();
        if (kind != WireKind.Done) throw new WireException($"answered with a message of kind {(int)kind}");
        return read(channel.In, channel);
    }
}
