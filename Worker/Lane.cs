using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>Carries out one call of the host after the other, on a thread of its own, which is the heap's during each.</summary>
internal sealed class Lane(Channel channel, HeapCalls calls, Action ended)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancellation;
    private ulong _call;
    private ulong _withdrawn;

    public void Start() => new Thread(Serve) { IsBackground = true, Name = "dmaheap lane" }.Start();

    /// <summary>Withdraws a call; one that was answered already, or has not been read yet, too.</summary>
    public void Cancel(ulong call)
    {
        CancellationTokenSource? cancelled;
        lock (_lock)
        {
            _withdrawn = call;
            cancelled = _call == call ? _cancellation : null;
        }

        if (cancelled is not null) ThreadPool.UnsafeQueueUserWorkItem(static source => CancelNow(source), cancelled, preferLocal: false);
    }

    private static void CancelNow(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
        {
            // It was answered meanwhile; or what the heap registered throws, which the call itself will show.
        }
    }

    private void Serve()
    {
        Upcalls.SetLane(channel);
        try
        {
            while (true)
            {
                var kind = channel.Receive();
                var call = channel.In.Number();
                WorkerContext.SetRequest(channel.In.ReadRequestId());
                Answer(kind, call);
                WorkerContext.SetRequest(default);
            }
        }
        catch (WireException)
        {
            // The host has closed it, or is gone.
        }

        ended();
        channel.Dispose();
    }

    private void Answer(WireKind kind, ulong call)
    {
        try
        {
            calls.Carry(kind, call, channel, () => Begin(call));
        }
        catch (OperationCanceledException) when (_cancellation is { IsCancellationRequested: true })
        {
            channel.Out.Begin(WireKind.Cancelled).Number(call);
        }
        catch (HeapException refusal)
        {
            channel.Out.Begin(WireKind.Refused).Number(call).Write(refusal);
        }
        catch (Exception exception) when (exception is not WireException)
        {
            channel.Out.Begin(WireKind.Failed).Number(call).Text(exception.Message, 2048).Text(exception.ToString(), 8192);
        }
        finally
        {
            End();
        }

        channel.Send();
    }

    // Only a call that can be withdrawn pays for it.
    private CancellationToken Begin(ulong call)
    {
        lock (_lock)
        {
            _call = call;
            _cancellation = new CancellationTokenSource();
            if (_withdrawn == call) _cancellation.Cancel();
            return _cancellation.Token;
        }
    }

    private void End()
    {
        lock (_lock)
        {
            _cancellation?.Dispose();
            _cancellation = null;
            _call = 0;
        }
    }
}
