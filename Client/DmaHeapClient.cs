using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>
/// A connection to a dmaheap host. Thread-safe: any number of threads and tasks may have requests under way on one client. A method without
/// <c>Async</c> sends and receives on the calling thread.
/// </summary>
/// <remarks>
/// Failures are a <see cref="DmaHeapException"/>. A cancelled request is withdrawn from the host and its outcome awaited: an allocation that had succeeded even so is
/// given back and ends as <see cref="OperationCanceledException"/> all the same; any other request that was carried out in spite of it returns as if nothing had been.
/// Disposing a client fails what is under way with ECANCELED; buffers allocated through it live on.
/// A client that made its connection itself makes another when that is lost; see <see cref="ReconnectedAsync"/>.
/// </remarks>
public sealed partial class DmaHeapClient : IDisposable, IAsyncDisposable
{
    volatile HostConnection _connection;
    volatile HostInfo _host;
    ulong _lastNumber;

    DmaHeapClient(HostConnection connection, HostInfo host)
    {
        _connection = connection;
        _connection.Number = host.Connection;
        _host = host;
    }

    /// <summary>The host, as it introduced itself: the last one, where it was started anew meanwhile.</summary>
    public HostInfo Host => _host;

    internal HostConnection Connection => _connection;

    /// <summary>A number for an attachment or a vmap, never used before on this connection.</summary>
    internal ulong NextNumber() => Interlocked.Increment(ref _lastNumber);

    /// <summary>Connects to a host.</summary>
    /// <param name="path">Its socket; null to look where the documented rule says (<see cref="SocketPath"/>).</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="DmaHeapException">No host answers (<see cref="ClientCause.NoHost"/>: the message says where was looked), it speaks
    /// another version (EPROTO, with the host's own words), or it is no dmaheap host.</exception>
    public static async Task<DmaHeapClient> ConnectAsync(string? path = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var dialing = Task.Run(() => HostDialer.Connect(path), CancellationToken.None);
        try
        {
            var client = await AttachAsync(await dialing.WaitAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            return client.KeepConnected(path);
        }
        catch (OperationCanceledException)
        {
            // The kernel's connect cannot be called off; should it still succeed, nobody wants the socket any more.
            _ = dialing.ContinueWith(
                static dialed => dialed.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Connects to a host on this thread.</summary>
    /// <inheritdoc cref="ConnectAsync" path="/param[@name='path']"/>
    /// <inheritdoc cref="ConnectAsync" path="/exception"/>
    public static DmaHeapClient Connect(string? path = null) => Attach(HostDialer.Connect(path)).KeepConnected(path);

    /// <summary>Speaks to a host on a socket that is connected already, such as one inherited or received.</summary>
    /// <param name="socket">A connected SOCK_SEQPACKET Unix socket on which nothing was said yet; owned by the client from now on, and made blocking.</param>
    /// <param name="cancellationToken">Ends the attempt, and the socket.</param>
    /// <exception cref="DmaHeapException">As <see cref="ConnectAsync"/>.</exception>
    public static async Task<DmaHeapClient> AttachAsync(SafeFileHandle socket, CancellationToken cancellationToken = default)
    {
        var connection = Own(socket);
        try
        {
            var (call, request) = Hello();
            // Nothing can be withdrawn before the hello is answered: giving up means hanging up.
            using (cancellationToken.UnsafeRegister(static state => ((HostConnection)state!).Dispose(), connection))
                await connection.ExecuteAsync(call, request, null, CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return new DmaHeapClient(connection, call.Result);
        }
        catch (Exception exception)
        {
            connection.Dispose();
            if (exception is DmaHeapException or ObjectDisposedException) cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Speaks to a host on a socket that is connected already, on this thread.</summary>
    /// <inheritdoc cref="AttachAsync" path="/param[@name='socket']"/>
    /// <inheritdoc cref="ConnectAsync" path="/exception"/>
    public static DmaHeapClient Attach(SafeFileHandle socket)
    {
        var connection = Own(socket);
        try
        {
            var (call, request) = Hello();
            connection.Execute(call, ref request, null, CancellationToken.None);
            return new DmaHeapClient(connection, call.Result);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Ends the connection. What is under way fails with ECANCELED; buffers live on.</summary>
    public void Dispose()
    {
        StopReconnecting();
        _connection.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    static HostConnection Own(SafeFileHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var status = DescriptorFlags.GetStatusFlags(socket);
        if ((status & DescriptorFlags.NonBlock) != 0) DescriptorFlags.SetStatusFlags(socket, status & ~DescriptorFlags.NonBlock);
        return new HostConnection(socket);
    }

    static (QueryCall<HostInfo> Call, HelloRequest Request) Hello() => (
        new QueryCall<HostInfo>(MessageKind.Hello, ReplyReader.Hello),
        new HelloRequest
        {
            Magic = ProtocolConstants.Magic,
            Major = ProtocolConstants.MajorVersion,
            Minor = ProtocolConstants.MinorVersion,
            Features = ProtocolFeatures.ConnectionNumber,
        });

    /// <summary>Fills a field of a request; what does not fit it is refused here as the host would refuse it.</summary>
    static void Write(Span<byte> field, string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text, what);
        if (TextField.TryWrite(field, text)) return;
        throw new DmaHeapException(
            Errno.EINVAL, ClientCause.BadName, $"The {what} \"{text}\" does not fit {field.Length - 1} bytes of UTF-8 without NUL.");
    }
}
