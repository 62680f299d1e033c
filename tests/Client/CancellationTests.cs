using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class CancellationTests
{
    readonly string _mark = Descriptors.NewMark();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_withdrawn_request_ends_as_cancelled(bool onThisThread)
    {
        using var cancel = new CancellationTokenSource();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                cancel.Cancel();
                var withdrawn = h.Expect(MessageKind.Cancel);
                Assert.Equal((0ul, request.Header.RequestId), (withdrawn.Header.RequestId, withdrawn.As<CancelRequest>().Target));
                h.Error(request.Header.RequestId, Errno.EINTR, "cancelled", "The request was withdrawn.");
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Allocate(client, onThisThread, cancel.Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_allocation_that_came_in_spite_of_it_is_given_back(bool onThisThread)
    {
        using var cancel = new CancellationTokenSource();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                cancel.Cancel();
                h.Expect(MessageKind.Cancel);
                h.AllocateMemory(request, _mark);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Allocate(client, onThisThread, cancel.Token));
        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public async Task Another_error_is_told_as_it_is()
    {
        using var cancel = new CancellationTokenSource();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                cancel.Cancel();
                h.Expect(MessageKind.Cancel);
                h.Error(request.Header.RequestId, Errno.ENOMEM, "exhausted", "Nothing left.");
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var thrown = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("system", 1, null, cancel.Token).WaitAsync(FakeHost.Deadline));
        Assert.Equal(Errno.ENOMEM, thrown.Errno);
    }

    [Fact]
    public async Task A_query_answered_in_spite_of_it_returns_the_answer()
    {
        using var cancel = new CancellationTokenSource();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Statistics);
                cancel.Cancel();
                h.Expect(MessageKind.Cancel);
                h.Reply(request, new StatisticsReply { Buffers = 5 });
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        Assert.Equal(5, (await client.StatisticsAsync(null, cancel.Token).WaitAsync(FakeHost.Deadline)).Buffers);
    }

    [Fact]
    public async Task A_token_cancelled_before_sends_nothing()
    {
        using var host = FakeHost.PlayAfterHello(h => h.ExpectEnd(), out var socket);
        using var client = DmaHeapClient.Attach(socket);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.AllocateAsync("system", 1, null, new CancellationToken(true)));
        Assert.ThrowsAny<OperationCanceledException>(() => client.Allocate("system", 1, null, new CancellationToken(true)));
        client.Dispose();
    }

    static Task Allocate(DmaHeapClient client, bool onThisThread, CancellationToken cancellation) => onThisThread
        ? Task.Run(() => client.Allocate("system", 4096, null, cancellation), CancellationToken.None).WaitAsync(FakeHost.Deadline)
        : client.AllocateAsync("system", 4096, null, cancellation).WaitAsync(FakeHost.Deadline);
}
