using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Output;
using DmaHeap.Client;

namespace DmaHeap.Cli.Demo;

/// <summary>Shows a buffer's life in each heap: made by A, passed to B, outliving A, released after B.</summary>
sealed class DemoRun(DmaHeapClient client, DemoHome home, ByteSize size, DemoReport report) : DemoPart(client, report)
{
    protected override async Task PlayAsync(HeapRow heap, CancellationToken deadline)
    {
        var (handover, seed) = (home.NextHandover(), NewSeed());
        var isUnmappable = heap.Traits.Contains("unmappable");
        var before = await AccountsAsync(heap, deadline);

        using var b = await DemoProcess.StartAsync("B", [DemoPartCommands.Checker, handover, seed], deadline);
        using var a = await DemoProcess.StartAsync("A", [DemoPartCommands.Holder, handover, seed, home.HostSocket, heap.Name, size.ToString()], deadline);
        Step($"processes A ({a.Id}) and B ({b.Id}) started");

        await a.AskAsync(HolderProcess.Allocate, deadline);
        Step($"A allocated {size.ToText()}");
        if (isUnmappable) Step($"A was refused {await a.AskAsync(HolderProcess.Refuse, deadline)}");
        else Step($"A filled all {await a.AskAsync(HolderProcess.Fill, deadline)} bytes");

        var receiving = b.AskAsync(CheckerProcess.Receive, deadline);
        await a.AskAsync(HolderProcess.Share, deadline);
        await receiving;
        Step("A passed it to B");

        await a.KillAsync(deadline);
        await AliveAsync(heap, before, "with A killed and B holding the buffer", deadline);
        Step("A was killed with SIGKILL; the host still has the buffer");

        if (isUnmappable) Step($"B was refused {await b.AskAsync(CheckerProcess.Refuse, deadline)}");
        else Step($"B found all {await b.AskAsync(CheckerProcess.Check, deadline)} bytes as A wrote them");

        await b.ExitAsync(deadline);
        Step("B exited");
        await ReleasedAsync(heap, before, deadline);
    }
}
