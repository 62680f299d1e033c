using DmaHeap.Hosting;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.Host;

public sealed class AllocationTests
{
    private static readonly Caller s_us = new(ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId, Environment.ProcessId, [], "");

    private sealed class PlainHeap(IHeapContext context) : Heap<HeapBuffer>
    {
        public int Released;

        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

        protected override void Release(HeapBuffer buffer, ReleaseReason reason) => Interlocked.Increment(ref Released);
    }

    [Fact]
    public void A_buffer_is_released_once_when_its_last_reference_goes()
    {
        PlainHeap? heap = null;
        using var host = DmaHeapHost.Start(
            new DmaHeapHostOptions { Heaps = [new HeapDefinition { Name = "plain", Create = context => heap = new PlainHeap(context) }] }, NullLoggerFactory.Instance);
        var buffer = host.Allocate(new BufferRequest { Heap = "plain", Length = 5000, Caller = s_us });
        Assert.Equal(8192, buffer.Length);
        Assert.Equal(1, host.LiveBuffers);
        buffer.Dispose();
        Assert.True(SpinWait.SpinUntil(() => host.Statistics("plain").Buffers == 0, TimeSpan.FromSeconds(10)));
        Assert.Equal(1, heap!.Released);
    }
}
