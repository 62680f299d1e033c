using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>
/// Holds every worker of a host in an allocation of its own until one of them is set free: what a client sends meanwhile is found by one worker, all at once.
/// The host is to have no watchdog, or it would add workers.
/// </summary>
internal sealed class BusyWorkers : IDisposable
{
    private readonly List<(RawClient Client, ManualResetEventSlim Gate)> _held = [];
    private int _freed;

    public BusyWorkers(TestHost host)
    {
        Waiting = host.Connect();
        var workers = Math.Max(2, Environment.ProcessorCount);
        for (var i = 0; i < workers; i++)
        {
            var gate = new ManualResetEventSlim();
            using var held = new ManualResetEventSlim();
            host.Heap.OnAllocate = (request, _) =>
            {
                held.Set();
                gate.Wait();
                return new HeapBuffer(host.Heap.Pages(request.Length));
            };
            var client = host.Connect();
            client.Send(Messages.Allocate(1, "plain", 4096));
            Assert.True(held.Wait(TimeSpan.FromSeconds(20)), "no worker was free to be held");
            _held.Add((client, gate));
        }
    }

    /// <summary>A client that was greeted before the workers were held.</summary>
    public RawClient Waiting { get; }

    public int Count => _held.Count;

    /// <summary>Lets one worker more go on.</summary>
    public void Free()
    {
        var (client, gate) = _held[_freed++];
        gate.Set();
        client.Receive().Dispose();
    }

    public void Dispose()
    {
        foreach (var (client, gate) in _held)
        {
            gate.Set();
            client.Dispose();
        }

        Waiting.Dispose();
    }
}

