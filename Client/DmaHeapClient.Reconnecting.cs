using System.Runtime.CompilerServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>What became of the buffers a client held when it was connected again.</summary>
/// <param name="Host">The host that answers now.</param>
/// <param name="Adopted">Buffers that this host tracks now, under new ids.</param>
/// <param name="Refused">Buffers that it did not take: opaque ones, whose memory is lost, and those of heaps that it does not serve. Their descriptors stay as they are.</param>
public sealed record Reconnection(HostInfo Host, int Adopted, int Refused);

public sealed partial class DmaHeapClient
{
    static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(10), s_longestWait = TimeSpan.FromSeconds(1);

    static readonly object s_held = new();

    readonly Lock _reconnecting = new();

    // Whoever lost a buffer without disposing it does not hold it.
    readonly ConditionalWeakTable<DmaBuffer, object> _held = [];
    string? _path;
    bool _keepsConnected;
    bool _disposed;
    TaskCompletionSource<Reconnection>? _awaited;
    Reconnection? _last;

    /// <summary>
    /// Waits, where the connection is lost, until there is another and the host behind it was shown the buffers that this client allocated or imported and that are not disposed. The client
    /// sees to both by itself, as soon as the host is gone: it tries again and again, after 10 ms at first and once a second in the end. Until then requests fail with
    /// <see cref="ClientCause.ConnectionLost"/>; none is repeated. Attachments, mappings of importers and CPU accesses that were begun ended with the host before.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the last reconnection brought; null where the first connection still stands.</returns>
    /// <exception cref="InvalidOperationException">This client was made on a socket it was given, and makes no other.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public async Task<Reconnection?> ReconnectedAsync(CancellationToken cancellationToken = default)
    {
        Task<Reconnection>? awaited;
        lock (_reconnecting)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_keepsConnected) throw new InvalidOperationException("The client was made on a connected socket, so it cannot connect again: make it with Connect.");
            awaited = _awaited?.Task;
            if (awaited is null) return _last;
        }

        return await awaited.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    internal void Hold(DmaBuffer buffer)
    {
        if (_keepsConnected) _held.Add(buffer, s_held);
    }

    internal void LetGo(DmaBuffer buffer)
    {
        if (_keepsConnected) _held.Remove(buffer);
    }

    DmaHeapClient KeepConnected(string? path)
    {
        (_path, _keepsConnected) = (path, true);
        HearOfLoss(_connection);
        return this;
    }

    void StopReconnecting()
    {
        TaskCompletionSource<Reconnection>? awaited;
        lock (_reconnecting)
        {
            _disposed = true;
            awaited = _awaited;
        }

        awaited?.TrySetException(new ObjectDisposedException(nameof(DmaHeapClient)));
        _ = awaited?.Task.Exception; // heard, also where nobody waits
    }

    // The connection does not hold the client: one that nobody has any more ends with its last buffer.
    void HearOfLoss(HostConnection connection)
    {
        var weak = new WeakReference<DmaHeapClient>(this);
        connection.WhenLost(() =>
        {
            if (weak.TryGetTarget(out var client)) client.Lost();
        });
    }

    void Lost()
    {
        lock (_reconnecting)
        {
            if (_disposed) return;
            _awaited ??= new TaskCompletionSource<Reconnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _ = ReconnectAsync(new WeakReference<DmaHeapClient>(this));
    }

    static async Task ReconnectAsync(WeakReference<DmaHeapClient> lost)
    {
        var wait = s_shortestWait;
        while (true)
        {
            // Not all clients of a host at the same moment.
            await Task.Delay(wait * (0.5 + (Random.Shared.NextDouble() / 2))).ConfigureAwait(false);
            if (IsDone(lost)) return;
            wait = wait * 2 < s_longestWait ? wait * 2 : s_longestWait;
        }
    }

    // Not inlined: the loop above must not hold the client while it waits.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool IsDone(WeakReference<DmaHeapClient> lost) => !lost.TryGetTarget(out var client) || client.TryReconnect();

    bool TryReconnect()
    {
        if (Volatile.Read(ref _disposed)) return true;
        HostConnection? fresh = null;
        try
        {
            fresh = Own(HostDialer.Connect(_path));
            var (call, request) = Hello();
            fresh.Execute(call, ref request, null, CancellationToken.None);
            fresh.Number = call.Result.Connection;
            var result = ShowAll(fresh, call.Result);
            return !fresh.IsLost && Publish(fresh, result);
        }
        catch (Exception exception) when (exception is DmaHeapException or LinuxException)
        {
            fresh?.Dispose();
            return false; // not up yet, or gone again
        }
    }

    Reconnection ShowAll(HostConnection fresh, HostInfo host)
    {
        int adopted = 0, refused = 0;
        foreach (var (buffer, _) in _held)
        {
            if (Show(fresh, buffer) is not { } accepted) continue;
            if (accepted) adopted++;
            else refused++;
        }

        return new Reconnection(host, adopted, refused);
    }

    // Null when it was disposed meanwhile.
    static bool? Show(HostConnection fresh, DmaBuffer buffer)
    {
        var isHeld = false;
        try
        {
            buffer.Handle.DangerousAddRef(ref isHeld);
            var call = new QueryCall<BufferInfo>(MessageKind.Adopt, ReplyReader.Adopted);
            var request = new AdoptRequest { Former = buffer.Id ?? default };
            fresh.Execute(call, ref request, buffer.Handle, CancellationToken.None);
            buffer.AdoptedAs(call.Result.Id, call.Result.Flags);
            return true;
        }
        catch (ObjectDisposedException) when (!isHeld)
        {
            return null;
        }
        catch (DmaHeapException) when (!fresh.IsLost)
        {
            return false;
        }
        finally
        {
            if (isHeld) buffer.Handle.DangerousRelease();
        }
    }

    bool Publish(HostConnection fresh, Reconnection result)
    {
        TaskCompletionSource<Reconnection>? awaited;
        lock (_reconnecting)
        {
            if (_disposed)
            {
                fresh.Dispose();
                return true;
            }

            _host = result.Host;
            _connection = fresh;
            _last = result;
            (awaited, _awaited) = (_awaited, null);
        }

        awaited?.TrySetResult(result);
        HearOfLoss(fresh);
        return true;
    }
}
