using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class ConcurrencyTests
{
    readonly string _mark = Descriptors.NewMark();

    [Theory]
    [InlineData(8, 0)]
    [InlineData(4, 4)]
    [InlineData(0, 8)]
    public async Task Threads_and_tasks_share_a_connection(int threads, int tasks)
    {
        const int Requests = 200;
        var reordered = 0;
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                // Holds some requests back until the next has come, and answers that one first; only where it is there already, since
                // all others may have finished.
                Received? held = null;
                for (var left = Requests * (threads + tasks); left > 0; left--)
                {
                    var request = h.TryReceive()!;
                    if (held is null && h.HasUnread())
                    {
                        held = request;
                        reordered++;
                        continue;
                    }

                    Answer(h, request);
                    if (held is not null) Answer(h, held);
                    held = null;
                }
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var onThreads = Enumerable.Range(0, threads).Select(seed => Task.Factory.StartNew(
            () => { for (var i = 0; i < Requests; i++) Ask(client, seed, i); }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        var inTasks = Enumerable.Range(0, tasks).Select(seed => Task.Run(
            async () => { for (var i = 0; i < Requests; i++) await AskAsync(client, 100 + seed, i); }));
        await Task.WhenAll([.. onThreads, .. inTasks]).WaitAsync(FakeHost.Deadline);

        host.Dispose();
        Assert.NotEqual(0, reordered);
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public void A_lone_caller_starts_no_thread_and_allocates_only_the_buffers_objects()
    {
        const int Rounds = 200;
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                using var memory = FakeHost.Memory(_mark, 4096);
                while (h.TryReceive() is { } request) h.Allocated(request, memory);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        for (var i = 0; i < Rounds; i++) client.Allocate("system", 4096).Dispose();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++) client.Allocate("system", 4096).Dispose();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;

        // A DmaBuffer and a SafeFileHandle, and nothing for the request or the reply.
        Assert.InRange(each, 1, 256);
        client.Dispose();
    }

    [Fact]
    public async Task Many_idle_clients_cost_no_threads()
    {
        var clients = new List<DmaHeapClient>();
        var hosts = new List<FakeHost>();
        try
        {
            for (var i = 0; i < 32; i++)
            {
                hosts.Add(FakeHost.PlayAfterHello(h => h.Reply(h.Expect(MessageKind.Statistics), default(StatisticsReply)), out var socket));
                clients.Add(await DmaHeapClient.AttachAsync(socket).WaitAsync(FakeHost.Deadline));
                await clients[^1].StatisticsAsync().WaitAsync(FakeHost.Deadline);
            }

            Assert.Equal(1, ThreadsNamed("dmaheap replies"));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
            hosts.ForEach(host => host.Dispose());
        }
    }

    static int ThreadsNamed(string name) => Directory.EnumerateDirectories("/proc/self/task").Count(
        task => { try { return File.ReadAllText(Path.Combine(task, "comm")).Trim() == name; } catch (IOException) { return false; } });

    void Answer(FakeHost host, Received request)
    {
        foreach (var shown in request.Shown) shown.Dispose();
        if (request.Header.Kind == MessageKind.Allocate)
        {
            var length = (long)request.As<AllocateRequest>().Length;
            if (length % 3 == 0) host.Error(request.Header.RequestId, Errno.ENOMEM, "exhausted", length.ToString());
            else host.AllocateMemory(request, _mark);
            return;
        }

        host.Reply(request, new StatisticsReply { Bytes = ulong.Parse(FakeHost.Text(request.As<StatisticsRequest>().Heap)) });
    }

    static void Ask(DmaHeapClient client, int seed, int i)
    {
        var length = (seed * 1000) + i + 1;
        try
        {
            using var buffer = client.Allocate("system", length);
            Assert.NotEqual(0, length % 3);
            Assert.Equal((length + 4095) & ~4095, buffer.Length);
        }
        catch (DmaHeapException exception)
        {
            Assert.Equal(0, length % 3);
            Assert.StartsWith($"{length} ", exception.Message);
        }
    }

    static async Task AskAsync(DmaHeapClient client, int seed, int i)
    {
        var number = (seed * 1000) + i;
        Assert.Equal(number, (await client.StatisticsAsync(number.ToString())).Bytes);
    }
}
