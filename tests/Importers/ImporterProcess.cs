using System.Net.Sockets;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Importers;

/// <summary>A second process that imports buffers shown to it; see tests/peer/ImporterLoop.cs for what it can be told.</summary>
internal sealed class ImporterProcess : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly PeerProcess _process;
    private readonly Socket _share;

    public ImporterProcess(TestHost host)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_directory["share"]));
        listener.Listen();
        _process = PeerProcess.Start("import", host.SocketPath, _directory["share"]);
        listener.ReceiveTimeout = 20_000;
        _share = listener.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult();
    }

    public int Id => _process.Id;

    /// <summary>Hands a buffer over; the descriptor stays the caller's.</summary>
    public void Give(SafeFileHandle descriptor)
    {
        using var handle = new SafeFileHandle(_share.Handle, ownsHandle: false);
        Assert.Equal(Errno.None, SocketMessages.TrySend(handle, "D"u8, descriptor));
        Assert.Equal("ok", _process.Ask("receive"));
    }

    public string? Ask(string line) => _process.Ask(line);

    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Dispose();
        _share.Dispose();
        _directory.Dispose();
    }
}
