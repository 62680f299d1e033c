using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>A heap loses a buffer of which somebody still has ops open: it hears of their end before that of the buffer, and the importer notices nothing.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class HeapEndingTests
{
    [Fact]
    public void Whatever_is_open_is_ended_with_a_heap_whose_drain_is_cut_short_and_the_importer_goes_on()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using (var client = host.Connect())
        {
            using var descriptor = client.Allocate();
            client.Ask(Messages.CpuAccess(client.NextId(), 3), descriptor).Dispose();
            client.Ask(Messages.Attach(client.NextId(), 1), descriptor).Dispose();
            client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
            client.Ask(Messages.Vmap(client.NextId(), 1), descriptor).Dispose();
            client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor).Dispose();
            client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor).Dispose();

            Take(host, descriptor);
            string[] expected =
            [
                "BeginCpuAccess", "Attach", "Map", "Vmap", "BeginCpuAccess", "BeginCpuAccess",
                "Vunmap", "Unmap", "Detach", "EndCpuAccess", "EndCpuAccess", "EndCpuAccess",
            ];
            Assert.Equal(expected, buffer().Calls);

            // What the importer ends now it ends alone.
            foreach (var flags in new ulong[] { 5, 5, 7 }) Done(client.Ask(Messages.CpuAccess(client.NextId(), flags), descriptor));
            Done(client.Ask(Messages.Vunmap(client.NextId(), 1)));
            Done(client.Ask(Messages.Unmap(client.NextId(), 1)));
            Done(client.Ask(Messages.Detach(client.NextId(), 1)));
            Assert.Equal(expected.Length, buffer().Calls.Count);
        }

        Eventually.True(() => host.Host.LiveBuffers == 0 && host.Host.Core.ImportLimits.Held == 0, "something is still held");
        Assert.Single(host.Heap.Released);
    }

    [Fact]
    public void An_importer_that_dies_after_its_heap_is_not_undone_with_it_again()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using (var client = host.Connect())
        {
            using var descriptor = client.Allocate();
            client.Ask(Messages.Vmap(client.NextId(), 1), descriptor).Dispose();
            client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor).Dispose();
            Take(host, descriptor);
        }

        Eventually.True(() => host.Host.LiveBuffers == 0 && host.Host.Core.ImportLimits.Held == 0, "something is still held");
        Assert.Equal(["Vmap", "BeginCpuAccess", "EndCpuAccess", "Vunmap"], buffer().Calls);
    }

    [Fact]
    public void Access_that_the_embedding_program_never_ends_is_ended_before_the_release()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using (var exported = host.Allocate())
        {
            var calls = buffer().Calls;
            host.Heap.OnRelease = _ => calls.Enqueue("Release");
            host.Host.BeginCpuAccess(exported.Handle, DataDirection.Bidirectional, TestHost.Us);
        }

        Eventually.True(() => host.Host.LiveBuffers == 0, "the buffer was not released");
        Assert.Equal(["BeginCpuAccess", "EndCpuAccess", "Release"], buffer().Calls);
    }

    [Fact]
    public void Access_begun_without_end_is_refused_at_last_and_costs_the_host_nothing_that_grows()
    {
        using var host = new TestHost();
        ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using (var descriptor = client.Allocate())
        {
            for (var i = 0; i < 4096; i++) Done(client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor));
            using var refused = client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor);
            Assert.Equal((HeapErrno.Invalid, HeapCause.BadOrder), (refused.Error().Errno, refused.Error().Cause));
            Done(client.Ask(Messages.CpuAccess(client.NextId(), 5), descriptor));
            Done(client.Ask(Messages.CpuAccess(client.NextId(), 1), descriptor));
        }

        host.AssertNothingIsHeld();
    }

    private static void Take(TestHost host, Microsoft.Win32.SafeHandles.SafeFileHandle descriptor)
    {
        var record = host.Host.Core.Find(descriptor);
        Assert.True(host.Host.Core.Releaser.TakeFromHeap(record, ReleaseReason.HeapStopping));
    }

    private static void Done(Packet reply)
    {
        using (reply) Assert.NotEqual(MessageKind.Error, reply.Header.Kind);
    }
}
