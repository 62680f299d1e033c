using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>How a host starts, and how it stops.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class LifecycleTests
{
    [Theory]
    [InlineData("a", "b", "a")]
    [InlineData("b", "b", "x")]
    [InlineData("b", "x", "plain")]
    public void A_doubled_name_is_refused_before_any_heap_is_created(string name, string alias, string otherAlias)
    {
        var created = 0;
        HeapDefinition Define(string called, params string[] aliases) => new()
        {
            Name = called,
            Aliases = aliases,
            Create = context =>
            {
                created++;
                return new ScriptedHeap(context);
            },
        };
        var wrong = Assert.Throws<ArgumentException>(() => new TestHost(options => options with { Heaps = [Define("plain"), Define(name, alias), Define("last", otherAlias)] }));
        Assert.Contains("two heaps are called", wrong.Message);
        Assert.Equal(0, created);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("ünlaut")]
    [InlineData("a b")]
    public void A_name_that_could_be_no_device_is_refused(string name) => Assert.Throws<ArgumentException>(() =>
        new TestHost(options => options with { Heaps = [new HeapDefinition { Name = name, Create = _ => throw new InvalidOperationException("created") }] }));

    [Fact]
    public void A_required_heap_that_throws_takes_those_before_it_down_in_reverse_and_publishes_nothing()
    {
        var order = new List<string>();
        HeapDefinition Define(string called) => new() { Name = called, Create = context => new ScriptedHeap(context) { OnDispose = () => order.Add(called) } };
        string? path = null;
        var wrong = Assert.Throws<HeapStartException>(() => new TestHost(options =>
        {
            path = options.SocketPath;
            return options with { Heaps = [Define("one"), Define("two"), new HeapDefinition { Name = "bad", Create = _ => throw new InvalidOperationException("no luck") }] };
        }));
        Assert.Equal("bad", wrong.Heap);
        Assert.Contains("no luck", wrong.Message);
        Assert.Equal(["two", "one"], order);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_host_that_cannot_start_for_want_of_an_inotify_instance_disposes_its_heaps()
    {
        var queues = new List<InotifyQueue>();
        ScriptedHeap? heap = null;
        try
        {
            try
            {
                while (queues.Count < 2000) queues.Add(new InotifyQueue());
                Assert.Skip("this machine lets a user have more than 2,000 inotify instances");
            }
            catch (LinuxException)
            {
                // All are taken.
            }

            Assert.ThrowsAny<Exception>(() => new TestHost(options => options with { Heaps = [new HeapDefinition { Name = "plain", Create = context => heap = new ScriptedHeap(context) }] }));
            Assert.Equal(1, heap!.DisposeCalls);
        }
        finally
        {
            foreach (var queue in queues) queue.Dispose();
        }
    }

    [Fact]
    public void The_socket_of_a_living_host_is_not_taken()
    {
        using var first = new TestHost();
        var descriptors = Descriptors.Count("socket:");
        ScriptedHeap? heap = null;
        var wrong = Assert.Throws<SocketInUseException>(() => new TestHost(options => options with
        {
            SocketPath = first.SocketPath,
            Heaps = [new HeapDefinition { Name = "plain", Create = context => heap = new ScriptedHeap(context) }],
        }));
        Assert.Contains(first.SocketPath, wrong.Message);
        Assert.Contains("another host", wrong.Message);
        Assert.Null(heap); // the path is claimed before any heap is started
        Assert.Equal(descriptors, Descriptors.Count("socket:"));
        first.Connect().Dispose();
    }

    [Fact]
    public void The_socket_of_a_dead_host_is_taken_over()
    {
        using var directory = new TemporaryDirectory();
        var path = directory["socket"];
        SeqpacketSocket.Listen(path, UnixFileMode.UserRead, 1).Dispose(); // its file stays, as after a kill
        File.WriteAllText(path + ".lock", "");
        using (var host = new TestHost(options => options with { SocketPath = path }))
        using (var client = RawClient.Greeted(path))
        {
            client.Allocate().Dispose();
        }

        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("socket", "somebody's");
        var wrong = Assert.Throws<SocketInUseException>(() => new TestHost(options => options with { SocketPath = directory["socket"] }));
        Assert.Contains("no socket", wrong.Message);
        Assert.Equal("somebody's", File.ReadAllText(directory["socket"]));
        Assert.Equal([directory["socket"]], Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void A_path_too_long_for_a_socket_leaves_nothing_behind()
    {
        using var directory = new TemporaryDirectory();
        Assert.ThrowsAny<Exception>(() => new TestHost(options => options with { SocketPath = directory[new string('x', 120)] }));
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void Stopping_leaves_clients_their_memory_releases_each_buffer_once_and_disposes_the_heaps_in_order()
    {
        var order = new List<string>();
        var heaps = new Dictionary<string, ScriptedHeap>();
        var host = new TestHost(options => options with
        {
            Heaps = [.. new[] { "one", "two", "three" }.Select(name => new HeapDefinition
            {
                Name = name,
                Create = context => heaps[name] = new ScriptedHeap(context) { OnDispose = () => order.Add(name), OnRelease = _ => order.Add($"{name} release") },
            })],
        });
        using var client = host.Connect();
        using var held = client.Allocate("two", 1 << 20);
        using var mapping = MemoryMapping.Map(client.Allocate("three", 1 << 16), 0, 1 << 16, MapProtection.Read | MapProtection.Write);
        mapping.Span.Fill(7);
        client.Allocate("one").Dispose();
        Eventually.True(() => host.Host.Statistics("one").Buffers == 0, "the buffer was not released");
        order.Clear();

        host.Dispose();
        Assert.Equal(["two release", "three release", "one", "two", "three"], order);
        Assert.Equal([ReleaseReason.HostStopping], heaps["two"].Released.Select(release => release.Reason));
        Assert.Equal(HeapCause.Stopping, client.ReceiveOrEnd()!.Error().Cause);
        Assert.Null(client.ReceiveOrEnd());
        Assert.Equal(1 << 20, FileStatus.Of(held).Length);
        using var again = MemoryMapping.Map(held, 0, 1 << 20, MapProtection.Read | MapProtection.Write);
        again.Span.Fill(9);
        Assert.Equal(-1, mapping.Span.IndexOfAnyExcept((byte)7));
        host.Dispose();
        Assert.All(heaps.Values, heap => Assert.Equal(1, heap.DisposeCalls));
    }

    [Fact]
    public void Stopping_withdraws_what_is_under_way_for_heaps_that_look_at_either_token()
    {
        foreach (var looksAtStopping in new[] { false, true })
        {
            var host = new TestHost();
            using var client = host.Connect();
            using var entered = new ManualResetEventSlim();
            host.Heap.OnAllocate = (_, token) =>
            {
                entered.Set();
                var waited = (looksAtStopping ? host.Heap.Context.Stopping : token).WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
                throw new HeapException(HeapErrno.InputOutput, waited ? HeapCause.Stopping : "nobody-said", "waited");
            };
            client.Send(Messages.Allocate(1, "plain", 4096));
            Assert.True(entered.Wait(TimeSpan.FromSeconds(20)));
            host.Dispose();
            Assert.Contains(host.Log, line => line.StartsWith("20: ", StringComparison.Ordinal) && line.Contains(HeapCause.Stopping));
        }
    }

    [Fact]
    public void Stopping_among_clients_that_come_and_go_leaves_no_socket_open()
    {
        var sockets = Descriptors.Count("socket:");
        for (var round = 0; round < 30; round++)
        {
            var host = new TestHost();
            using var stop = new CancellationTokenSource();
            var callers = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                while (!stop.IsCancellationRequested)
                {
                    if (SeqpacketSocket.TryConnect(host.SocketPath, out var socket) != Errno.None) continue;
                    var hello = Messages.Hello();
                    SocketMessages.TrySend(socket, MessageCodec.Bytes(in hello), MessageFlags.DontWait);
                    socket.Dispose();
                }
            })).ToArray();
            foreach (var caller in callers) caller.Start();
            try
            {
                Eventually.True(() => host.Log.Any(line => line.StartsWith("40: ", StringComparison.Ordinal)), "nobody connected");
                host.Dispose();
            }
            finally
            {
                stop.Cancel();
                foreach (var caller in callers) caller.Join();
            }
        }

        Eventually.True(() => Descriptors.Count("socket:") == sockets, $"{sockets} sockets before, {Descriptors.Count("socket:")} after");
    }

    [Fact]
    public void Nothing_of_a_host_that_was_stopped_is_left_in_the_process()
    {
        RunOnce();
        var before = Descriptors.Count();
        for (var i = 0; i < 10; i++) RunOnce();
        Eventually.True(() => Descriptors.Count() <= before, "descriptors are left");

        static void RunOnce()
        {
            using var host = new TestHost();
            using var client = host.Connect();
            client.Allocate().Dispose();
        }
    }
}
