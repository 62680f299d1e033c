using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Demo;

/// <summary>Shows memory that only importers see: A makes a buffer and cannot look into it, B and C import it, B writes and C reads, and A is gone meanwhile.</summary>
sealed class ImportRun(DmaHeapClient client, DemoHome home, ByteSize size, DemoReport report) : DemoPart(client, report)
{
    protected override async Task PlayAsync(HeapRow heap, CancellationToken deadline)
    {
        var (toB, toC, seed) = (home.NextHandover(), home.NextHandover(), NewSeed());
        var before = await AccountsAsync(heap, deadline);

        using var b = await ImporterAsync("B", toB, seed, new ByteSize(size.Bytes / 2), deadline);
        using var c = await ImporterAsync("C", toC, seed, new ByteSize(size.Bytes / 4), deadline);
        using var a = await DemoProcess.StartAsync(
            "A", [DemoPartCommands.Holder, $"{toB}{Path.PathSeparator}{toC}", seed, home.ImportSocket, heap.Name, size.ToString()], deadline);
        Step($"processes A ({a.Id}), B ({b.Id}) and C ({c.Id}) started");

        await a.AskAsync(HolderProcess.Allocate, deadline);
        Step($"A allocated {size.ToText()} for two importers");
        Step($"A was refused {await a.AskAsync(HolderProcess.Refuse, deadline)}");

        await Task.WhenAll(b.AskAsync(ImporterProcess.Receive, deadline), c.AskAsync(ImporterProcess.Receive, deadline), a.AskAsync(HolderProcess.Share, deadline));
        Step("A passed it to B and C");
        await a.KillAsync(deadline);
        await AliveAsync(heap, before, "with A killed and B and C holding the buffer", deadline);
        Step("A was killed with SIGKILL; the host still has the buffer");

        await b.AskAsync(ImporterProcess.Attach, deadline);
        Step("B attached");
        if (await b.AskAsync(ImporterProcess.Early, deadline) is nameof(Errno.EAGAIN)) Step("B mapped too early (EAGAIN): the memory is made for both, and C is missing");
        await c.AskAsync(ImporterProcess.Attach, deadline);
        Step("C attached");
        Step($"B mapped it: {await b.AskAsync(ImporterProcess.Map, deadline)}");
        Step($"B wrote all {await b.AskAsync(ImporterProcess.Fill, deadline)} bytes");
        Step($"C mapped it: {await c.AskAsync(ImporterProcess.Map, deadline)}");
        Step($"C found all {await c.AskAsync(ImporterProcess.Check, deadline)} bytes as B wrote them");

        await b.KillAsync(deadline);
        Step("B was killed while it had the memory mapped");
        await c.AskAsync(ImporterProcess.Detach, deadline);
        await c.ExitAsync(deadline);
        Step("C unmapped, detached and exited");
        await ReleasedAsync(heap, before, deadline);
    }

    Task<DemoProcess> ImporterAsync(string who, string handover, string seed, ByteSize longestSegment, CancellationToken deadline) =>
        DemoProcess.StartAsync(who, [DemoPartCommands.Importer, handover, seed, home.ImportSocket, longestSegment.ToString()], deadline);
}
