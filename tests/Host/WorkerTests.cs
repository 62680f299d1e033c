using System.Diagnostics;
using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Few threads serve all, and no heap holds them all up.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class WorkerTests
{
    [Fact]
    public void As_many_clients_stuck_in_a_slow_heap_as_there_are_workers_stop_nobody_else()
    {
        ScriptedHeap slow = null!;
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, new HeapDefinition { Name = "slow", Create = context => slow = new ScriptedHeap(context) }] });
        using var gate = new ManualResetEventSlim();
        slow.OnAllocate = (request, _) =>
        {
            gate.Wait();
            return new HeapBuffer(slow.Pages(request.Length));
        };
        var stuck = Enumerable.Range(0, Math.Max(2, Environment.ProcessorCount) + 1).Select(_ => host.Connect()).ToArray();
        foreach (var client in stuck) client.Send(Messages.Allocate(1, "slow", 4096));
        using var other = host.Connect();
        for (var i = 0; i < 20; i++) other.Allocate().Dispose();
        Assert.Contains(host.Log, line => line.StartsWith("43: ", StringComparison.Ordinal));

        gate.Set();
        foreach (var client in stuck)
        {
            using var reply = client.Receive();
            reply.As<AllocateReply>();
            client.Dispose();
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_heap_that_hangs_in_a_release_holds_up_only_its_own()
    {
        ScriptedHeap slow = null!;
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, new HeapDefinition { Name = "slow", Create = context => slow = new ScriptedHeap(context) }] });
        using var gate = new ManualResetEventSlim();
        slow.OnRelease = _ => gate.Wait();
        using var client = host.Connect();
        for (var i = 0; i < 3; i++) client.Allocate("slow").Dispose();
        Eventually.True(() => slow.Released.Count == 1, "the slow heap was not told");
        for (var i = 0; i < 20; i++) client.Allocate().Dispose();
        Eventually.True(() => host.Heap.Released.Count == 20, "the other heap waits for the slow one");
        Assert.Single(slow.Released);
        gate.Set();
        host.AssertNothingIsHeld("slow");
        Assert.Equal(3, slow.Released.Count);
    }

    [Fact]
    public void A_thousand_idle_clients_cost_neither_a_thread_each_nor_100_MB()
    {
        const int Count = 1000;
        using var host = new TestHost();
        for (var i = 0; i < 20; i++) host.Connect().Dispose(); // what is made once is made
        Eventually.True(() => host.Host.Connections == 0, "the first clients are still there");
        var (threads, memory) = (Threads(), Resident());
        var clients = Enumerable.Range(0, Count).Select(_ => host.Connect()).ToArray();
        Eventually.True(() => host.Host.Connections == Count, "not all are connected");
        Assert.InRange(Threads(), 0, threads + 20);
        Assert.InRange(Resident() - memory, long.MinValue, 100L << 20); // with the clients themselves, which are in this process too
        foreach (var index in new[] { 0, 500, Count - 1 }) clients[index].Allocate().Dispose();
        foreach (var client in clients) client.Dispose();
        Eventually.True(() => host.Host.Connections == 0, "the host kept connections");
    }

    private static int Threads()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }

    private static long Resident()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
