using System.Collections.Concurrent;
using DmaHeap.Cli.Exec.Backends;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.KernelAbi;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>What the ioctls may expect of a backend, whichever it is.</summary>
public abstract class BackendTests : IDisposable
{
    private static readonly CallerIdentity s_us = new(Environment.ProcessId, ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId, []);
    private readonly ConcurrentQueue<string> _calls = new();

    private protected TestHost Server { get; } = new(options => options with
    {
        Heaps =
        [
            .. options.Heaps,
            new HeapDefinition { Name = "broken", Required = false, Create = _ => throw new HeapException(HeapErrno.NoDevice, "no-such-thing", "it is not here") },
            new HeapDefinition { Name = "region", Aliases = ["linux,cma", "reserved"], Create = context => new ScriptedHeap(context) },
        ],
    });

    private protected abstract IHeapBackend Backend { get; }

    public virtual void Dispose() => Server.Dispose();

    [Fact]
    public void The_heaps_are_listed_in_order_with_their_aliases_and_why_one_cannot_be_used()
    {
        Assert.Equal(["plain", "broken", "region"], Backend.Heaps.Select(heap => heap.Name));
        Assert.Equal(["linux,cma", "reserved"], Backend.Heaps[2].Aliases);
        Assert.Contains("it is not here", Backend.Heaps[1].Unavailable);
        Assert.Null(Backend.Heaps[0].Unavailable);
    }

    [Theory]
    [InlineData(FileAccessMode.ReadOnly), InlineData(FileAccessMode.WriteOnly), InlineData(FileAccessMode.ReadWrite), InlineData(FileAccessMode.IoctlOnly)]
    public void A_buffer_comes_in_the_mode_asked_for_and_closed_by_exec(FileAccessMode access)
    {
        var answer = Backend.Allocate(Order(5000) with { Access = access }, out var buffer, CancellationToken.None);
        using (buffer.Handle)
        {
            Assert.Equal(BackendAnswer.Done, answer);
            Assert.Equal(access, DescriptorFlags.GetAccessMode(buffer.Handle));
            Assert.True(DescriptorFlags.GetCloseOnExec(buffer.Handle));
            Assert.True(buffer.Facts.Length >= 5000 && buffer.Facts.Length % Environment.SystemPageSize == 0);
            Assert.True(Backend.TryIdentify(buffer.Handle, out var facts));
            Assert.Equal(buffer.Facts, facts);
        }
    }

    [Theory]
    [InlineData("plain", 1UL << 62, Errno.ENOMEM)]
    [InlineData("plain", 1UL << 63, Errno.ENOMEM)]
    [InlineData("plain", ulong.MaxValue - 65535, Errno.ENOMEM)]
    [InlineData("nowhere", 4096UL, Errno.ENOENT)]
    [InlineData("broken", 4096UL, Errno.ENODEV)]
    public void A_refusal_is_an_answer_with_its_reason(string heap, ulong length, Errno errno)
    {
        var answer = Backend.Allocate(Order(length) with { Heap = heap }, out var buffer, CancellationToken.None);
        Assert.Equal((errno, true, true), (answer.Errno, answer.Cause is { Length: > 0 }, answer.Sentence is { Length: > 0 }));
        Assert.Null(buffer.Handle);
    }

    [Fact]
    public void The_heaps_own_refusal_keeps_its_errno_and_cause()
    {
        Server.Heap.OnAllocate = (_, _) => throw new HeapException(HeapErrno.Busy, "tea-time", "come back later");
        var answer = Backend.Allocate(Order(4096), out _, CancellationToken.None);
        Assert.Equal((Errno.EBUSY, "tea-time"), (answer.Errno, answer.Cause));
        Assert.Contains("come back later", answer.Sentence);
    }

    [Fact]
    public async Task A_withdrawn_request_is_EINTR()
    {
        using var entered = new ManualResetEventSlim();
        using var gone = new CancellationTokenSource();
        Server.Heap.OnAllocate = (_, token) =>
        {
            entered.Set();
            token.WaitHandle.WaitOne();
            throw new OperationCanceledException(token);
        };
        var asking = Task.Run(() => Backend.Allocate(Order(4096), out _, gone.Token).Errno);
        Assert.True(entered.Wait(TimeSpan.FromSeconds(10)));
        gone.Cancel();
        Assert.Equal(Errno.EINTR, await asking.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void What_is_no_buffer_is_not_taken_for_one()
    {
        using var nothing = File.OpenHandle("/dev/null");
        Assert.False(Backend.TryIdentify(nothing, out var facts));
        Assert.Equal(default, facts);
        Assert.Equal(Errno.ENOTTY, Backend.SetName(nothing, "name").Errno);
        Assert.Equal(Errno.ENOTTY, Backend.CpuAccess(nothing, CpuAccessChange.Read, s_us).Errno);
    }

    [Fact]
    public void A_name_arrives_and_one_that_is_too_long_is_EINVAL()
    {
        Assert.True(Backend.Allocate(Order(4096), out var buffer, CancellationToken.None).IsDone);
        using (buffer.Handle)
        {
            Assert.True(Backend.SetName(buffer.Handle, "frame 1").IsDone);
            Assert.Equal("frame 1", Assert.Single(Server.Host.Core.Table.Snapshot()).Name);
            Assert.Equal(Errno.EINVAL, Backend.SetName(buffer.Handle, new string('n', 32)).Errno);
        }
    }

    [Fact]
    public void CPU_access_reaches_the_hooks_and_an_end_alone_succeeds_without_them()
    {
        Server.Heap.OnAllocate = (request, _) => new HookedBuffer(Server.Heap.Pages(request.Length), _calls);
        Assert.True(Backend.Allocate(Order(4096), out var buffer, CancellationToken.None).IsDone);
        using (buffer.Handle)
        {
            Assert.Equal(BufferTraits.CpuAccessHooks, buffer.Facts.Traits);
            foreach (var access in new[]
            {
                CpuAccessChange.Read | CpuAccessChange.End, // which nothing began
                CpuAccessChange.Write,
                CpuAccessChange.Read | CpuAccessChange.Write,
                CpuAccessChange.Write | CpuAccessChange.End,
                CpuAccessChange.Write | CpuAccessChange.End, // once more
                CpuAccessChange.Read | CpuAccessChange.Write | CpuAccessChange.End,
            })
            {
                Assert.Equal(BackendAnswer.Done, Backend.CpuAccess(buffer.Handle, access, s_us));
            }

            Assert.Equal(["begin ToDevice", "begin Bidirectional", "end ToDevice", "end Bidirectional"], _calls);
        }
    }

    [Fact]
    public void Nothing_is_held_once_the_handle_is_closed()
    {
        Assert.True(Backend.Allocate(Order(4096), out var buffer, CancellationToken.None).IsDone);
        buffer.Handle.Dispose();
        Eventually.True(() => Server.Host.LiveBuffers == 0, "the buffer is still there");
    }

    private static BufferOrder Order(ulong length) => new("plain", length, FileAccessMode.ReadWrite, CloseOnExec: true, HeapFlags: 0, s_us);

    private sealed class HookedBuffer(IHeapMemory memory, ConcurrentQueue<string> calls) : HeapBuffer(memory)
    {
        public override void BeginCpuAccess(in CpuAccess access) => calls.Enqueue($"begin {access.Direction}");

        public override void EndCpuAccess(in CpuAccess access) => calls.Enqueue($"end {access.Direction}");
    }
}

public sealed class EmbeddedBackendTests : BackendTests
{
    private readonly EmbeddedBackend _backend;

    public EmbeddedBackendTests() => _backend = new EmbeddedBackend(Server.Host);

    private protected override IHeapBackend Backend => _backend;

    [Fact]
    public void The_caller_a_heap_sees_is_the_process_that_asked()
    {
        Caller? seen = null;
        Server.Heap.OnAllocate = (request, _) =>
        {
            seen = request.Caller;
            throw new HeapException(HeapErrno.NoMemory, "enough", "that was all");
        };
        var asking = new CallerIdentity(Environment.ProcessId, ProcessIdentity.EffectiveUserId, 34, [56]);
        Assert.Equal("enough", Ask(asking).Cause);
        Assert.NotNull(seen);
        Assert.Equal((asking.UserId, 34u, Environment.ProcessId, 56u), (seen.UserId, seen.GroupId, seen.ProcessId, Assert.Single(seen.SupplementaryGroups)));
        seen = null;
        var stranger = Ask(asking with { UserId = asking.UserId + 1 });
        Assert.Equal((Errno.EACCES, HeapCause.AccessDenied), (stranger.Errno, stranger.Cause));
        Assert.Null(seen);

        BackendAnswer Ask(CallerIdentity caller) =>
            _backend.Allocate(new BufferOrder("plain", 4096, FileAccessMode.ReadWrite, true, 0, caller), out _, CancellationToken.None);
    }
}

public sealed class DaemonBackendTests : BackendTests
{
    private readonly DaemonBackend _backend;

    public DaemonBackendTests() => _backend = DaemonBackend.Create(DmaHeapClient.Connect(Server.SocketPath));

    private protected override IHeapBackend Backend => _backend;

    public override void Dispose()
    {
        _backend.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_daemon_that_is_gone_is_EIO()
    {
        Server.Host.Dispose();
        var order = new BufferOrder("plain", 4096, FileAccessMode.ReadWrite, true, 0, new CallerIdentity(1, 0, 0, []));
        // A host that stops says so before it goes.
        var answer = _backend.Allocate(in order, out _, CancellationToken.None);
        Assert.Equal((Errno.EIO, HeapCause.Stopping), (answer.Errno, answer.Cause));
        Assert.Equal(Errno.EIO, _backend.Allocate(in order, out _, CancellationToken.None).Errno);
    }
}
