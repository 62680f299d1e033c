using System.Collections.Concurrent;
using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>The worker as a whole: does what the host says on the control socket, until the host is gone.</summary>
internal sealed class WorkerRun(Channel control) : IDisposable
{
    private readonly ConcurrentDictionary<int, Lane> _lanes = new();
    private readonly Stopping _stopping = new();
    private readonly Upcalls _upcalls = new();

    /// <summary>Returns when the host has closed the socket.</summary>
    public void Obey()
    {
        var calls = new HeapCalls(_upcalls, _stopping);
        try
        {
            while (true) Do(control.Receive(), calls);
        }
        catch (WireException)
        {
            // The host is gone, or has no more to say.
        }
    }

    public void Dispose()
    {
        control.Dispose();
        _upcalls.Dispose();
    }

    private void Do(WireKind kind, HeapCalls calls)
    {
        var from = control.In;
        switch (kind)
        {
            case WireKind.OpenUpcalls:
                _upcalls.Open(new Channel(control.TakeDescriptor()));
                break;
            case WireKind.OpenLane:
                var number = from.Int();
                var lane = new Lane(new Channel(control.TakeDescriptor()), calls, () => _lanes.TryRemove(number, out _));
                _lanes[number] = lane;
                lane.Start();
                break;
            case WireKind.Cancel:
                if (_lanes.TryGetValue(from.Int(), out var withdrawn)) withdrawn.Cancel(from.Number());
                break;
            case WireKind.Stopping:
                // On a thread of its own: what a heap registered may take its time.
                new Thread(_stopping.Announce) { IsBackground = true }.Start();
                break;
            default:
                throw new WireException($"sent a message of kind {(int)kind}");
        }
    }
}
