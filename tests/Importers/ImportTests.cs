using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>Attach, map, unmap and detach between processes: the buffer is this one's, the importer another.</summary>
public sealed class ImportTests
{
    [Fact]
    public void An_importer_in_another_process_maps_the_very_memory_of_the_buffer()
    {
        using var host = new TestHost();
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using var buffer = owner.Allocate(length: 16384);
        using var mapping = MemoryMapping.Map(buffer, 0, 16384, MapProtection.Read | MapProtection.Write);
        mapping.Slice(0, 1)[0] = 42;

        importer.Give(buffer);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok 0+16384:ReadWrite", importer.Ask("map"));
        Assert.Equal("42", importer.Ask("read"));
        Assert.Equal("ok", importer.Ask("write 43"));
        Assert.Equal(43, mapping.Slice(0, 1)[0]);
        Assert.Equal("ok", importer.Ask("unmap"));
        Assert.Equal("ok", importer.Ask("detach"));
    }

    [Fact]
    public void A_buffer_with_an_importer_is_not_released_when_all_its_descriptors_are_gone()
    {
        using var host = new TestHost();
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using (var buffer = owner.Allocate()) importer.Give(buffer);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok", importer.Ask("close"));
        Assert.Equal(1u, Assert.Single(owner.Ask(Messages.ListBuffers(owner.NextId())).Entries<DmaHeap.Protocol.BufferEntry>()).Attachments);
        Assert.Equal("ok 0+4096:ReadWrite", importer.Ask("map"));
        Assert.Equal("ok", importer.Ask("unmap"));
        Assert.Empty(host.Heap.Released);
        Assert.Equal("ok", importer.Ask("detach"));
        host.AssertNothingIsHeld();
        Assert.Single(host.Heap.Released);
    }

    [Fact]
    public void An_importer_that_dies_is_unmapped_and_detached()
    {
        using var host = new TestHost();
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using (var buffer = owner.Allocate()) importer.Give(buffer);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok 0+4096:ReadWrite", importer.Ask("map"));
        importer.Kill();
        host.AssertNothingIsHeld();
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
    }
}
