using System.Net.Sockets;
using System.Text;
using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.Service;

/// <summary>What stands in for a service manager: a datagram socket that a service tells how it goes.</summary>
internal sealed class NotifySocket : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _packet = new byte[4096];

    public NotifySocket() => _socket.Bind(new UnixDomainSocketEndPoint(Path));

    public string Path => _directory["notify"];

    /// <summary>The next message, line by line, as NAME and value; null when none comes in time.</summary>
    public Dictionary<string, string>? Next(TimeSpan? patience = null)
    {
        if (!_socket.Poll(patience ?? s_deadline, SelectMode.SelectRead)) return null;
        var length = _socket.Receive(_packet);
        return Encoding.UTF8.GetString(_packet, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    /// <summary>The next message that is not the watchdog's.</summary>
    public Dictionary<string, string> NextState()
    {
        while (true)
        {
            var message = Next();
            Assert.NotNull(message);
            if (!message.ContainsKey("WATCHDOG")) return message;
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _directory.Dispose();
    }
}
