using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Linux;
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
    public async Task The_clients_log_names_what_was_answered_and_what_was_refused_as_the_host_does()
    {
        var seen = new List<RequestId>();
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, Refusing(seen)] });
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using (client.Allocate("plain", 4096)) { } // before anybody listens
        using var log = new ClientLog();

        using var first = client.Allocate("plain", 4096);
        using var second = await client.AllocateAsync("plain", 4096);
        using var batch = client.AllocateMany("plain", 4096, 2);
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("refusing", 4096));

        Assert.Equal(
            [
                $"request {first.RequestId}: Allocate answered", $"request {second.RequestId}: Allocate answered", $"request {batch[1].RequestId}: AllocateBatch answered",
                $"request {refusal.RequestId}: Allocate failed with EBUSY, on-purpose: refused",
            ],
            log.Lines);
        Assert.Equal(batch[0].RequestId, batch[1].RequestId);
        foreach (var buffer in new[] { first, second, batch[0] }) Assert.Contains(host.Log, line => line.StartsWith("270: ") && line.Contains($"request {buffer.RequestId}"));
        Assert.Equal("", DmaBuffer.FromHandle(Memfd.Create("mine", MemfdFlags.CloseOnExec)).RequestId);
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

    /// <summary>What the client library tells of the requests of whoever made this, and not of those of other tests.</summary>
    private sealed class ClientLog : EventListener
    {
        private static readonly AsyncLocal<bool> s_ours = new();

        private readonly ConcurrentQueue<EventWrittenEventArgs> _events = [];

        public ClientLog() => s_ours.Value = true;

        public IEnumerable<string> Lines => _events.Select(each => string.Format(null, each.Message!, [.. each.Payload!]));

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == "DmaHeap-Client") EnableEvents(source, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs written)
        {
            if (s_ours.Value) _events.Enqueue(written);
        }
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
