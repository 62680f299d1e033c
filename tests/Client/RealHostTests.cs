using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.Client;

/// <summary>Both clients, C# and Python, with a host as it is.</summary>
public sealed class RealHostTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("dmaheap-client-");
    readonly DmaHeapHost _host;

    public RealHostTests() => _host = DmaHeapHost.Start(
        new DmaHeapHostOptions
        {
            SocketPath = SocketPath,
            Heaps = [new HeapDefinition { Name = "plain", Create = context => new PlainHeap(context) }],
        },
        NullLoggerFactory.Instance);

    string SocketPath => Path.Combine(_directory.FullName, "socket");

    [Fact]
    public async Task A_buffers_whole_life_is_told_alike_by_client_and_host()
    {
        await using var client = await DmaHeapClient.ConnectAsync(SocketPath);
        Assert.Equal("plain", Assert.Single(await client.ListHeapsAsync()).Name);

        using (var buffer = await client.AllocateAsync("plain", 5000, new() { Name = "first" }))
        {
            await client.SetNameAsync(buffer.Handle, "second");
            using var mapping = buffer.Map();
            Assert.False(mapping.ReadOnlySpan.ContainsAnyExcept((byte)0));
            mapping.Span[8191] = 1;

            var described = await client.DescribeAsync(buffer.Handle);
            var listed = Assert.Single(await client.ListBuffersAsync("plain"));
            Assert.Equal((buffer.Id, 8192L, "second", "plain"), (described.Id, described.Length, described.Name, described.Heap));
            Assert.Equal(described with { Age = listed.Age }, listed);
            Assert.Equal(1, (await client.StatisticsAsync("plain")).Buffers);
        }

        Assert.True(SpinWait.SpinUntil(() => _host.LiveBuffers == 0, FakeHost.Deadline));
        Assert.Equal(1, (await client.StatisticsAsync()).Releases);
    }

    [Fact]
    public async Task Refusals_reach_the_caller_and_the_connection_goes_on()
    {
        await using var client = await DmaHeapClient.ConnectAsync(SocketPath);
        using var stranger = FakeHost.Memory(Descriptors.NewMark(), 4096);

        Assert.Equal((Errno.ENOENT, "unknown-heap"), Refusal(() => client.Allocate("nowhere", 4096)));
        Assert.Equal((Errno.EINVAL, "bad-length"), Refusal(() => client.Allocate("plain", 0)));
        Assert.Equal((Errno.EINVAL, "unknown-buffer"), Refusal(() => client.Describe(stranger)));
        using var buffer = client.Allocate("plain", 4096);
        Assert.Equal(4096, buffer.Length);
    }

    [Fact]
    public async Task Many_threads_allocate_on_one_connection()
    {
        await using var client = await DmaHeapClient.ConnectAsync(SocketPath);

        var threads = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 50; i++)
                {
                    using var batch = client.AllocateMany("plain", 4096, 3);
                    Assert.Equal(3, batch.Count);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        await Task.WhenAll(threads).WaitAsync(FakeHost.Deadline);

        Assert.True(SpinWait.SpinUntil(() => _host.LiveBuffers == 0, FakeHost.Deadline));
    }

    [Fact]
    public async Task The_python_sample_allocates_maps_names_and_describes()
    {
        var output = await PythonSample.RunAsync(SocketPath, "example.py", "plain");

        Assert.Contains("mapped, holds b'hello'", output);
        Assert.Contains("name='renamed'", output);
        Assert.Contains("Statistics(buffers=", output);
        Assert.True(SpinWait.SpinUntil(() => _host.LiveBuffers == 0, FakeHost.Deadline));
        Assert.Equal(1, _host.Statistics("plain").Allocations);
    }

    public void Dispose()
    {
        _host.Dispose();
        _directory.Delete(recursive: true);
    }

    static (Errno, string) Refusal(Action request)
    {
        var thrown = Assert.Throws<DmaHeapException>(request);
        return (thrown.Errno, thrown.Cause);
    }

    sealed class PlainHeap(IHeapContext context) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

        protected override void Release(HeapBuffer buffer, ReleaseReason reason)
        {
        }
    }
}
