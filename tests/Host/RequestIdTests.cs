using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>One name for a request: in the client's error, in the host's log, and at the heap.</summary>
public sealed class RequestIdTests
{
    [Fact]
    public void Client_log_and_heap_name_a_request_alike()
    {
        var seen = new List<RequestId>();
        using var host = new TestHost(options => options with { Heaps = [Refusing(seen)] });
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var another = DmaHeapClient.Connect(host.SocketPath);

        var refusals = new[] { client, another, client }.Select(each => Assert.Throws<DmaHeapException>(() => each.Allocate("refusing", 4096))).ToArray();

        Assert.Equal(seen.Select(id => id.ToString()), refusals.Select(refusal => refusal.RequestId));
        Assert.Equal(3, refusals.Select(refusal => refusal.RequestId).Distinct().Count());
        Assert.All(refusals, refusal => Assert.Contains($"request {refusal.RequestId})", refusal.Message));
        foreach (var refusal in refusals) Assert.Contains(host.Log, line => line.StartsWith("20: ") && line.EndsWith($", request {refusal.RequestId})"));
    }

    [Fact]
    public void Requests_of_the_embedding_program_are_on_connection_0_and_each_has_its_number()
    {
        var seen = new List<RequestId>();
        using var host = new TestHost(options => options with { Heaps = [Refusing(seen)] });

        for (var i = 0; i < 2; i++) host.Refused(heap: "refusing");

        Assert.All(seen, id => Assert.Equal((0UL, true), (id.Connection, id.IsKnown)));
        Assert.NotEqual(seen[0], seen[1]);
        Assert.Equal("none", CurrentRequest.Text);
    }

    [Fact]
    public void A_client_that_does_not_ask_for_its_number_gets_the_hello_as_it_was()
    {
        using var host = new TestHost();
        using var client = RawClient.Connect(host.SocketPath);
        client.Send(Messages.Hello());

        Assert.Equal(56u, client.Receive().As<HelloReply>().Header.Size);
    }

    private static HeapDefinition Refusing(List<RequestId> seen) => new() { Name = "refusing", Create = context => new RefusingHeap(context, seen) };

    private sealed class RefusingHeap(IHeapContext context, List<RequestId> seen) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
        {
            Assert.Equal(request.RequestId, context.Request);
            seen.Add(request.RequestId);
            throw new HeapException(HeapErrno.Busy, "on-purpose", "refused");
        }
    }
}
