using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Client;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>The client library as an importer.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Attach_map_unmap_and_detach_need_not_wait_for_each_other()
    {
        using var host = new TestHost();
        var scripted = ScriptedBuffer.Install(host);
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var buffer = client.Allocate("plain", 4096);
        for (var i = 0; i < 50; i++)
        {
            var attachment = buffer.StartAttach();
            var mapping = attachment.MapAsync(cancellationToken: TestContext.Current.CancellationToken);
            var (unmapped, detached) = (attachment.UnmapAsync(), attachment.DetachAsync());
            await Task.WhenAll(attachment.Attached, mapping, unmapped, detached);
            foreach (var segment in (await mapping).Segments) segment.Handle.Dispose();
        }

        Assert.Equal(Enumerable.Repeat<string[]>(["Attach", "Map", "Unmap", "Detach"], 50).SelectMany(calls => calls), scripted().Calls);
    }

    [Fact]
    public async Task Disposing_goes_the_way_back()
    {
        using var host = new TestHost();
        var scripted = ScriptedBuffer.Install(host);
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var buffer = client.Allocate("plain", 4096);
        await using (var attachment = await buffer.AttachAsync(cancellationToken: TestContext.Current.CancellationToken))
        await using (await attachment.MapAsync(cancellationToken: TestContext.Current.CancellationToken))
        {
            Assert.Equal(1, client.Describe(buffer.Handle, TestContext.Current.CancellationToken).Attachments);
        }

        Assert.Equal(["Attach", "Map", "Unmap", "Detach"], scripted().Calls);
        using var refused = buffer.StartAttach(new DmaAttachConstraints { Alignment = 1 << 30 });
        var exception = await Assert.ThrowsAsync<DmaHeapException>(() => refused.Attached);
        Assert.Equal((Errno.EINVAL, HeapCause.ConstraintsNotMet), (exception.Errno, exception.Cause));
        Assert.Equal(0, client.Describe(buffer.Handle, TestContext.Current.CancellationToken).Attachments);
    }

    [Fact]
    public void A_buffer_nobody_asked_a_host_about_cannot_be_attached()
    {
        using var host = new TestHost();
        using var exported = host.Allocate();
        Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(exported.Handle, out var duplicate));
        using var buffer = DmaBuffer.FromHandle(duplicate);
        Assert.Throws<InvalidOperationException>(() => buffer.Attach());
    }

    [Theory]
    [InlineData(BufferFlags.None, 0)]
    [InlineData(BufferFlags.CpuAccessHooks, 20)]
    public async Task Cpu_access_costs_a_message_where_the_buffer_has_a_hook_and_none_where_it_has_not(BufferFlags flags, int expected)
    {
        var messages = 0;
        using var _ = FakeHost.PlayAfterHello(
            host =>
            {
                host.AllocateMemory(host.Expect(MessageKind.Allocate), "cpu-access", flags: flags);
                for (var i = 0; i < expected; i++)
                {
                    host.Reply(host.Expect(MessageKind.CpuAccess), default(DoneReply));
                    messages++;
                }

                host.Reply(host.Expect(MessageKind.ListHeaps), default(ListReply)); // what comes after them comes next
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var buffer = client.Allocate("plain", 4096);
        for (var i = 0; i < 10; i++) buffer.BeginCpuAccess(CpuAccessDirection.ReadWrite).Dispose();
        await client.ListHeapsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(expected, messages);
    }
}
