using System.Runtime.InteropServices;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class LostConnectionTests
{
    readonly string _mark = Descriptors.NewMark();

    [Fact]
    public async Task A_host_that_dies_fails_all_that_is_under_way()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                for (var i = 0; i < 8; i++) h.Expect(MessageKind.Allocate);
                h.Close();
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var requests = Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? OnThread(() => client.Allocate("system", 1)) : client.AllocateAsync("system", 1)).ToArray();

        foreach (var request in requests)
        {
            var thrown = await Assert.ThrowsAsync<DmaHeapException>(() => request.WaitAsync(FakeHost.Deadline));
            Assert.Equal((Errno.ECONNRESET, ClientCause.ConnectionLost), (thrown.Errno, thrown.Cause));
        }

        Assert.Equal(Errno.ECONNRESET, Assert.Throws<DmaHeapException>(() => client.Allocate("system", 1)).Errno);
        Assert.True(SpinWait.SpinUntil(() => socket.IsClosed, FakeHost.Deadline)); // whoever read last closes it
    }

    [Fact]
    public void What_a_host_said_before_it_closed_is_told_even_when_the_request_was_not_read()
    {
        using var closed = new ManualResetEventSlim();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.Error(0, Errno.EIO, "stopping", "The host is stopping.", ErrorFlags.Fatal);
                h.Close();
                closed.Set();
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        Assert.True(closed.Wait(FakeHost.Deadline));

        var thrown = Assert.Throws<DmaHeapException>(() => client.Allocate("system", 1));

        Assert.Equal((Errno.EIO, "stopping"), (thrown.Errno, thrown.Cause));
    }

    [Fact]
    public void A_host_that_closes_with_requests_unread_is_heard_to_its_last_word()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var first = h.Expect(MessageKind.Allocate);
                h.ExpectUnread();
                h.Error(first.Header.RequestId, Errno.ENOMEM, "exhausted", "Nothing left.");
                h.Close(); // the second request lies unread: the client's next receive answers ECONNRESET first
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var first = client.AllocateAsync("system", 1);
        var second = client.AllocateAsync("system", 1);

        Assert.Equal(Errno.ENOMEM, Thrown(first).Errno);
        Assert.Equal(Errno.ECONNRESET, Thrown(second).Errno);
    }

    [Fact]
    public async Task Disposing_the_client_ends_what_waits_and_refuses_what_comes()
    {
        using var heard = new CountdownEvent(4);
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                for (var i = 0; i < 4; i++)
                {
                    h.Expect(MessageKind.Allocate);
                    heard.Signal();
                }

                h.ExpectEnd();
            },
            out var socket);
        var client = DmaHeapClient.Attach(socket);
        var requests = Enumerable.Range(0, 4).Select(i => i % 2 == 0 ? OnThread(() => client.Allocate("system", 1)) : client.AllocateAsync("system", 1)).ToArray();
        Assert.True(heard.Wait(FakeHost.Deadline));

        client.Dispose();

        foreach (var request in requests) Assert.Equal(Errno.ECANCELED, (await Assert.ThrowsAsync<DmaHeapException>(() => request.WaitAsync(FakeHost.Deadline))).Errno);
        Assert.Throws<ObjectDisposedException>(() => client.Allocate("system", 1));
        client.Dispose();
    }

    public static TheoryData<string> Nonsense => new(
        "shorter than a header", "a wrong size", "reserved flags", "an unknown request", "another kind", "a short reply", "a non-zero tail", "no buffers",
        "more buffers than asked for", "a surplus descriptor", "a missing descriptor", "descriptors with an error", "errno 0", "an error for nobody that is not fatal");

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Nonsense_ends_the_connection_and_leaks_nothing(string what)
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                var id = request.Header.RequestId;
                using var memory = FakeHost.Memory(_mark, 4096);
                Say(h, what, id, memory);
                h.ExpectEnd();
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var thrown = await Assert.ThrowsAsync<DmaHeapException>(() => OnThread(() => client.Allocate("system", 4096)).WaitAsync(FakeHost.Deadline));
        var later = Assert.Throws<DmaHeapException>(() => client.Allocate("system", 4096));
        host.Dispose();

        Assert.NotEqual(Errno.None, thrown.Errno);
        Assert.Equal(thrown.Errno, later.Errno);
        if (what != "an error for nobody that is not fatal") Assert.Equal((Errno.EPROTO, ClientCause.BadReply), (thrown.Errno, thrown.Cause));
        Assert.Equal(0, Descriptors.Count(_mark));
        Assert.True(socket.IsClosed);
    }

    [Fact]
    public void The_scripts_of_nonsense_make_sense_when_nothing_is_wrong()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                using var memory = FakeHost.Memory(_mark, 4096);
                Say(h, "nothing wrong", request.Header.RequestId, memory);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        using (var buffer = client.Allocate("system", 4096)) Assert.Equal(4096, buffer.Length);

        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    static void Say(FakeHost h, string what, ulong id, Microsoft.Win32.SafeHandles.SafeFileHandle memory)
    {
        const MessageKind Allocated = MessageKind.Allocate | MessageKind.ReplyBit;
        var reply = new AllocateReply { Count = 1, Length = 4096, PageSize = 4096 };
        var entry = MemoryMarshal.AsBytes<BufferId>([new BufferId(1, 1)]).ToArray();
        var good = FakeHost.Packet(Allocated, id, reply, entry);
        switch (what)
        {
            case "nothing wrong": h.Send(good, memory); break;
            case "shorter than a header": h.Send(good.AsSpan(0, 15), memory); break;
            case "a wrong size": h.Send([.. good, 0], memory); break;
            case "reserved flags": good[6] = 1; h.Send(good, memory); break;
            case "an unknown request": h.Send(FakeHost.Packet(Allocated, id + 1, reply, entry), memory); break;
            case "another kind": h.Send(FakeHost.Packet(MessageKind.SetName | MessageKind.ReplyBit, id, default(DoneReply), []), memory); break;
            case "a short reply": h.Send(FakeHost.Packet(Allocated, id, reply, entry.AsSpan(1)), memory); break;
            case "a non-zero tail": h.Send(FakeHost.Packet(Allocated, id, reply, [.. entry, 1]), memory); break;
            case "no buffers": reply.Count = 0; h.Send(FakeHost.Packet(Allocated, id, reply, entry)); break;
            case "more buffers than asked for":
                reply.Count = 2;
                h.Send(FakeHost.Packet(Allocated, id, reply, [.. entry, .. entry]), memory, memory);
                break;
            case "a surplus descriptor": h.Send(good, memory, memory); break;
            case "a missing descriptor": h.Send(good); break;
            case "descriptors with an error": h.Send(FakeHost.Packet(MessageKind.Error, id, new ErrorReply { Errno = 5 }, []), memory); break;
            case "errno 0": h.Send(FakeHost.Packet(MessageKind.Error, id, default(ErrorReply), [])); break;
            case "an error for nobody that is not fatal": h.Error(0, Errno.EIO, "system", "Something."); break;
            default: throw new ArgumentException(what);
        }
    }

    static Task<DmaBuffer> OnThread(Func<DmaBuffer> request) =>
        Task.Factory.StartNew(request, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    static DmaHeapException Thrown(Task task) =>
        Assert.IsType<DmaHeapException>(Assert.Throws<AggregateException>(() => task.Wait(FakeHost.Deadline)).InnerException);
}
