using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// One call at a time into a worker, on a socket of its own: the thread that calls waits there for the answer, and carries out what the heap asks of the host meanwhile, so a call
/// costs no more changes of threads than it must.
/// </summary>
internal sealed class WorkerLane(int number, SafeFileHandle socket, WorkerRequests requests) : IDisposable
{
    private readonly Channel _channel = new(socket);
    private ulong _call;
    private long _deadline = long.MaxValue;

    public int Number => number;

    /// <summary>The call under way, or the last one.</summary>
    public ulong Call => Volatile.Read(ref _call);

    /// <summary>When the worker is given up for not answering, by the session's clock.</summary>
    public long Deadline
    {
        get => Volatile.Read(ref _deadline);
        set => Volatile.Write(ref _deadline, value);
    }

    /// <summary>Begins a call: what follows in the message is the caller's to write.</summary>
    public WireWriter Begin(WireKind kind, ulong call)
    {
        Volatile.Write(ref _call, call);
        var to = _channel.Out.Begin(kind).Number(call);
        to.Write(CurrentRequest.Id);
        return to;
    }

    /// <summary>Sends the call.</summary>
    /// <exception cref="WireException">The worker is gone.</exception>
    public void Send() => _channel.Send();

    /// <summary>Waits for the answer, or for the next part of it.</summary>
    /// <param name="hasMore">Whether more follows.</param>
    /// <returns>The answer, to be read to its end.</returns>
    /// <exception cref="HeapException">The heap refuses.</exception>
    /// <exception cref="OperationCanceledException">The heap did as it was told by a cancellation.</exception>
    /// <exception cref="WorkerFaultException">Another exception left the heap.</exception>
    /// <exception cref="WireException">The worker is gone, or what it sent makes no sense.</exception>
    public WireReader Receive(out bool hasMore)
    {
        while (true)
        {
            var kind = _channel.Receive();
            if (kind is not (WireKind.Done or WireKind.More or WireKind.Refused or WireKind.Cancelled or WireKind.Failed))
            {
                requests.Serve(_channel, kind);
                continue;
            }

            var from = _channel.In;
            if (_channel.HasDescriptor) throw new WireException("sent a descriptor");
            if (from.Number() is var answered && answered != _call) throw new WireException($"answered call {answered}, and was asked {_call}");
            hasMore = kind == WireKind.More;
            if (kind is WireKind.Done or WireKind.More) return from;
            if (kind == WireKind.Refused) throw from.ReadRefusal();
            if (kind == WireKind.Cancelled)
            {
                from.End();
                throw new OperationCanceledException();
            }

            var (message, trace) = (from.Text(), from.Text());
            from.End();
            throw new WorkerFaultException(message, trace);
        }
    }

    /// <summary>Wakes the thread that waits here. From any thread.</summary>
    public void Shut() => _channel.Shut();

    public void Dispose() => _channel.Dispose();
}
