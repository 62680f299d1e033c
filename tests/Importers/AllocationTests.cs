using System.Runtime.InteropServices;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>What an allocation says of those who will import it.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Alignment_and_segments_reach_the_heap()
    {
        using var host = new TestHost();
        AllocationRequest seen = default;
        host.Heap.OnAllocate = (request, _) =>
        {
            seen = request;
            return new HeapBuffer(host.Heap.Pages(request.Length));
        };
        using var client = host.Connect();
        var request = Messages.Allocate(client.NextId(), "plain", 8192);
        (request.Alignment, request.MaxSegments) = (4096, 3);
        using var reply = client.Ask(request);
        Assert.Equal(1u, reply.As<AllocateReply>().Count);
        Assert.Equal((4096L, 3), (seen.Alignment, seen.MaxSegments));
    }

    [Fact]
    public void A_heap_that_cannot_align_refuses_and_a_number_that_is_no_alignment_too()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var request = Messages.Allocate(client.NextId(), "plain", 8192) with { Alignment = 1 << 21 };
        var refusal = client.Ask(request).Error();
        Assert.Equal((HeapErrno.Invalid, HeapCause.ConstraintsNotMet), (refusal.Errno, refusal.Cause));
        foreach (var alignment in new[] { 3ul, ulong.MaxValue, 1ul << 63 })
        {
            request = Messages.Allocate(client.NextId(), "plain", 8192) with { Alignment = alignment };
            Assert.Equal(HeapCause.BadRequest, client.Ask(request).Error().Cause);
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_client_that_knows_nothing_of_them_is_served_as_ever()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var request = Messages.Allocate(1, "plain", 4096);
        var packet = MessageCodec.Bytes(in request)[..AllocateRequest.FirstSize].ToArray();
        MemoryMarshal.Write(packet, (uint)packet.Length);
        client.Send(packet);
        using var reply = client.Receive();
        Assert.Equal(1u, reply.As<AllocateReply>().Count);
    }
}
