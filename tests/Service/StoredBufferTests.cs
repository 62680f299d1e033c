using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Service;

/// <summary>Buffers of a host that was killed, kept by what stands in for a service manager and passed to the next host at its start. Nobody shows them by the client library.</summary>
public sealed class StoredBufferTests : IDisposable
{
    private const int Length = 64 * 1024;
    private const uint Owner = 4711;

    private readonly CliSandbox _sandbox = new();
    private readonly NotifySocket _manager = new();

    public void Dispose()
    {
        _manager.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public async Task They_are_counted_for_whom_their_name_says_and_released_when_the_last_reference_is_gone()
    {
        var (mine, others) = await OrphansAsync("system");
        using var host = StandInManager.Serve(_sandbox, [(mine, "buffer"), (others, $"buffer-{Owner}")], notify: _manager.Path);
        Assert.Equal(("1", "buffer"), Forgotten());
        Assert.Equal(("1", $"buffer-{Owner}"), Forgotten());
        Assert.Contains("READY", _manager.Next()!.Keys);

        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        var buffers = await client.ListBuffersAsync();
        Assert.Equal([ProcessIdentity.EffectiveUserId, Owner], buffers.Select(buffer => buffer.UserId).Order());
        Assert.All(buffers, buffer => Assert.Equal(("system", "orphan", Length, BufferFlags.Adopted), (buffer.Heap, buffer.Name, buffer.Length, buffer.Flags & BufferFlags.Adopted)));
        Assert.Equal(2 * Length, (await client.StatisticsAsync("system")).Bytes);
        AssertIntact(mine);

        // Theirs is the last reference: the host has none, and the service manager was told to let go of its own.
        mine.Dispose();
        await Eventually.IsAsync(async () => (await client.StatisticsAsync("system")).Bytes == Length);
        others.Dispose();
        await Eventually.IsAsync(async () => (await client.StatisticsAsync("system")).Bytes == 0);
        Assert.Empty(await client.ListBuffersAsync());
    }

    [Fact]
    public async Task What_nobody_else_has_any_more_is_freed_and_not_kept_alive()
    {
        var (mine, others) = await OrphansAsync("system");
        using var watch = Watch(mine);
        using var host = StandInManager.Serve(_sandbox, [(mine, "stored"), (others, "buffer")], notify: _manager.Path);
        Assert.Equal(("1", "stored"), Forgotten());
        Assert.Equal(("1", "buffer"), Forgotten());
        mine.Dispose();
        await IsGoneAsync(watch);
        using var client = await ServedAsync(host);
        await Eventually.IsAsync(async () => (await client.ListBuffersAsync()).Count == 1);
        others.Dispose();
    }

    [Fact]
    public async Task What_is_no_buffer_is_closed_with_its_reason_in_the_log_and_the_rest_is_taken()
    {
        var (mine, others) = await OrphansAsync("system");
        var path = _sandbox.Socket + "-given";
        using var listener = SeqpacketSocket.Listen(path, (UnixFileMode)0b110_110_110, 16);
        Assert.Equal(Errno.None, Memfd.TryCreate("system", MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal, out var unsealed));
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        using var watch = Watch(unsealed);
        using var host = StandInManager.Serve(
            _sandbox, [(nothing, "buffer-1"), (listener, "dmaheap.socket"), (mine, "buffer"), (unsealed, "whatever"), (others, "buffer-none")], notify: _manager.Path);
        foreach (var name in new[] { "buffer-1", "buffer", "whatever", "buffer-none" }) Assert.Equal(("1", name), Forgotten());
        unsealed.Dispose();
        await IsGoneAsync(watch);
        using var client = await DmaHeapClient.ConnectAsync(path);
        Assert.Equal([ProcessIdentity.EffectiveUserId, ProcessIdentity.EffectiveUserId], (await client.ListBuffersAsync()).Select(buffer => buffer.UserId));
        host.Signal(CliSandbox.SigTerm);
        var log = (await host.EndAsync()).Error;
        Assert.Contains("What the service manager kept as \"buffer-1\" is not adopted, and closed: the descriptor shown is no buffer that a host of this user left: it is no sealed memfd (EINVAL, unknown-buffer)", log);
        Assert.Contains("kept as \"whatever\" is not adopted", log);
        Assert.DoesNotContain("\"buffer\" is not adopted", log);
        mine.Dispose();
        others.Dispose();
    }

    [Fact]
    public async Task One_of_a_heap_that_is_gone_is_refused_and_one_of_a_heap_that_its_owner_may_not_use_is_counted()
    {
        var (mine, others) = await OrphansAsync("region");
        _sandbox.WriteConfiguration("""  "system": { "plugin": "SystemHeap" }  """);
        using (var host = StandInManager.Serve(_sandbox, [(mine, "buffer")]))
        {
            using var client = await ServedAsync(host);
            Assert.Empty(await client.ListBuffersAsync());
            host.Signal(CliSandbox.SigTerm);
            Assert.Contains("there is no heap \"region\"", (await host.EndAsync()).Error);
        }

        _sandbox.WriteConfiguration("""  "region": { "plugin": "CmaHeap", "options": { "size": "16MiB" } }  """);
        using var next = StandInManager.Serve(_sandbox, [(others, $"buffer-{Owner}")]);
        using var late = await ServedAsync(next);
        Assert.Equal(Owner, Assert.Single(await late.ListBuffersAsync()).UserId);
        mine.Dispose();
        others.Dispose();
    }

    private (string Remove, string Name) Forgotten()
    {
        var message = _manager.NextState();
        return (message.GetValueOrDefault("FDSTOREREMOVE", ""), message.GetValueOrDefault("FDNAME", ""));
    }

    // Two buffers whose host was killed and whose client is gone; only these descriptors of them are left.
    private async Task<(SafeFileHandle Mine, SafeFileHandle Others)> OrphansAsync(string heap)
    {
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        var orphans = (await OneAsync(), await OneAsync());
        host.Signal(CliSandbox.SigKill);
        await host.EndAsync();
        return orphans;

        async Task<SafeFileHandle> OneAsync()
        {
            using var buffer = await client.AllocateAsync(heap, Length, new DmaAllocationOptions { Name = "orphan" });
            RandomAccess.Write(buffer.Handle, Pattern(), 0);
            Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(buffer.Handle, out var duplicate));
            return duplicate;
        }
    }

    private static InotifyQueue Watch(SafeFileHandle file)
    {
        var watch = new InotifyQueue();
        Assert.Equal(Errno.None, watch.TryWatch(file, InotifyMask.DeleteSelf, out _));
        return watch;
    }

    // Of the file that is watched there is no descriptor and no mapping left, in any process.
    private static Task IsGoneAsync(InotifyQueue watch) => Eventually.Is(() => watch.TryRead(new byte[4096], out var length) == Errno.None && length > 0);

    private static void AssertIntact(SafeFileHandle buffer)
    {
        var bytes = new byte[Length];
        Assert.Equal(Length, RandomAccess.Read(buffer, bytes, 0));
        Assert.Equal(Pattern(), bytes);
    }

    private static byte[] Pattern()
    {
        var bytes = new byte[Length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private async Task<DmaHeapClient> ServedAsync(RunningProgram host)
    {
        await host.PrintedAsync(CliSandbox.IsDocument);
        return await DmaHeapClient.ConnectAsync(_sandbox.Socket);
    }
}
