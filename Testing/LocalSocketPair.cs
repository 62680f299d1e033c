using System.Net.Sockets;

namespace DmaHeap.Testing;

/// <summary>Two Unix sockets of this process connected with each other, through a name that is in no file system.</summary>
internal sealed class LocalSocketPair : IDisposable
{
    public LocalSocketPair()
    {
        using var listener = New();
        listener.Bind(new UnixDomainSocketEndPoint($"\0dmaheap-test-{Guid.NewGuid():N}"));
        listener.Listen(1);
        Near = New();
        Near.Connect(listener.LocalEndPoint!);
        Far = listener.Accept();
    }

    public Socket Near { get; }

    public Socket Far { get; }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
