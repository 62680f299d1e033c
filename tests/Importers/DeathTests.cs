using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>An importer killed by SIGKILL while the heap is inside an op on its behalf: all it had is undone, in order, once.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class DeathTests
{
    [Theory]
    [InlineData("Attach", "start-attach", "")]
    [InlineData("Map", "start-map", "attach")]
    [InlineData("Unmap", "start-unmap", "attach,map")]
    [InlineData("Detach", "start-detach", "attach,map")]
    [InlineData("Vmap", "start-vmap", "")]
    [InlineData("Vunmap", "start-vunmap", "vmap")]
    [InlineData("BeginCpuAccess", "start-begin", "")]
    [InlineData("EndCpuAccess", "start-end", "begin")]
    public void An_importer_killed_inside_an_op_is_undone_once(string op, string asked, string before)
    {
        using var host = new TestHost();
        var files = 0;
        var buffer = ScriptedBuffer.Install(host);
        using var owner = host.Connect();
        using (var importer = new ImporterProcess(host))
        {
            files = Descriptors.Count("/memfd:");
            using (var descriptor = owner.Allocate()) importer.Give(descriptor);
            foreach (var step in before.Split(',', StringSplitOptions.RemoveEmptyEntries)) Assert.StartsWith("ok", importer.Ask(step));
            using var gate = new ManualResetEventSlim();
            buffer().On[op] = () => gate.Wait();
            Assert.Equal("asked", importer.Ask(asked));
            Eventually.True(() => buffer().Calls.Contains(op), "the op was not reached");
            importer.Kill();
            Eventually.True(() => host.Host.Connections == 1, "the host did not see the importer die");
            Assert.Empty(host.Heap.Released);
            gate.Set();
            host.AssertNothingIsHeld();
        }

        string[] expected = op is "Vmap" or "Vunmap" ? ["Vmap", "Vunmap"]
            : op is "BeginCpuAccess" or "EndCpuAccess" ? ["BeginCpuAccess", "EndCpuAccess"]
            : op == "Attach" ? ["Attach", "Detach"] : ["Attach", "Map", "Unmap", "Detach"];
        Assert.Equal(expected, buffer().Calls);
        Assert.Single(host.Heap.Released);
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "a buffer's file is left");
    }

    [Fact]
    public void What_an_importer_maps_goes_on_reading_after_its_detach_since_nobody_can_take_pages_back()
    {
        using var host = new TestHost();
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using (var descriptor = owner.Allocate()) importer.Give(descriptor);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.StartsWith("ok", importer.Ask("map"));
        Assert.Equal("ok", importer.Ask("detach"));
        Assert.Equal("0", importer.Ask("read"));
        Assert.Equal("ok", importer.Ask("close"));
        Assert.Equal(1, host.Host.LiveBuffers); // the descriptor it got counts like any other
        importer.Kill();
        host.AssertNothingIsHeld();
    }
}
