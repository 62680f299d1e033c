using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>The socket a host listens on.</summary>
internal sealed class ListeningSocket : IDisposable
{
    private readonly ISocketPlace _place;
    private readonly Lock _turn = new();
    private SafeFileHandle? _reserve;

    /// <param name="place">Where; the caller disposes it after this.</param>
    /// <param name="mode">Who may connect.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ListeningSocket(ISocketPlace place, UnixFileMode mode)
    {
        _place = place;
        Handle = place.Listen(mode);
        _reserve = OpenReserve();
    }

    public SafeFileHandle Handle { get; }

    public Errno TryAccept(out SafeFileHandle connection) => SeqpacketSocket.TryAccept(Handle, nonBlocking: true, out connection);

    /// <summary>Lets one waiting client in with the descriptor kept in reserve, only to tell it that there is no room.</summary>
    /// <returns>False when nobody waits, or the descriptor set free for it went to somebody else.</returns>
    public bool TryTurnAway(ReadOnlySpan<byte> reply)
    {
        lock (_turn)
        {
            _reserve?.Dispose();
            var errno = TryAccept(out var connection);
            using (connection)
            {
                if (errno == Errno.None) FarewellMessage.Send(connection, reply);
            }

            _reserve = OpenReserve();
            return errno == Errno.None;
        }
    }

    /// <summary>Has nobody find it any more. Workers may still hold the socket.</summary>
    public void Hide() => _place.Hide(Handle);

    public void Dispose()
    {
        Handle.Dispose();
        _reserve?.Dispose();
    }

    // Null when another thread was quicker: the next time finds one, or does without.
    private static SafeFileHandle? OpenReserve()
    {
        try
        {
            return File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
