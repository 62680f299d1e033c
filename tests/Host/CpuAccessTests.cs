using System.Collections.Concurrent;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Begin and end of CPU access, as they reach a heap's hooks.</summary>
public sealed class CpuAccessTests
{
    private const ulong Read = 1, Write = 2, End = 4;

    [Fact]
    public void Begin_and_end_reach_the_hooks_with_their_direction_and_caller()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        foreach (var flags in new[] { Read, Write, Read | Write })
        {
            Done(client, descriptor, flags);
            Done(client, descriptor, flags | End);
        }

        Assert.Equal(
            ["begin FromDevice", "end FromDevice", "begin ToDevice", "end ToDevice", "begin Bidirectional", "end Bidirectional"],
            buffer().Calls.Select(call => $"{call.Hook} {call.Access.Direction}"));
        Assert.All(buffer().Calls, call => Assert.Equal(Environment.ProcessId, call.Access.Caller.ProcessId));
    }

    [Fact]
    public void An_end_without_its_begin_is_refused_and_reaches_nobody()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var client = host.Connect();
        using var other = host.Connect();
        using var descriptor = client.Allocate();
        Refused(client, descriptor, Read | End, HeapErrno.Invalid);
        Done(client, descriptor, Read);
        Refused(client, descriptor, Write | End, HeapErrno.Invalid);
        Refused(other, descriptor, Read | End, HeapErrno.Invalid);
        Assert.Single(buffer().Calls);
        foreach (var flags in new ulong[] { 0, End, 8 | Read, 1UL << 40 | Read }) Refused(client, descriptor, flags, HeapErrno.Invalid);
    }

    [Fact]
    public void A_client_that_dies_in_between_ends_what_it_began_once()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var holder = host.Connect();
        using var descriptor = holder.Allocate();
        using (var client = host.Connect())
        {
            Done(client, descriptor, Read);
            Done(client, descriptor, Write);
            Done(client, descriptor, Write | End);
        }

        Eventually.True(() => buffer().Calls.Count == 4, "the hook was not told");
        Assert.Equal(("end", DataDirection.FromDevice), (buffer().Calls.Last().Hook, buffer().Calls.Last().Access.Direction));
    }

    [Fact]
    public void A_client_that_dies_while_its_begin_is_under_way_ends_it_too()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var holder = host.Connect();
        using var descriptor = holder.Allocate();
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        buffer().OnBegin = () =>
        {
            entered.Set();
            gate.Wait();
        };
        using (var client = host.Connect())
        {
            client.Send(Messages.CpuAccess(1, Read), descriptor);
            Assert.True(entered.Wait(TimeSpan.FromSeconds(20)));
        }

        Eventually.True(() => host.Host.Connections == 1, "the host did not see the client go");
        gate.Set();
        Eventually.True(() => buffer().Calls.Count == 2, "the access was begun and never ended");
    }

    [Fact]
    public void Access_that_is_still_open_is_ended_before_the_release_and_no_hook_is_called_after_it()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        var callsAtRelease = -1;
        host.Heap.OnRelease = _ => callsAtRelease = buffer().Calls.Count;
        using (var client = host.Connect())
        {
            using (var descriptor = client.Allocate()) Done(client, descriptor, Read);
            Eventually.True(() => host.Host.Statistics("plain").Buffers == 0, "the buffer was not released");
        }

        Eventually.True(() => host.Host.Connections == 0, "the host did not see the client go");
        host.AssertNothingIsHeld();
        Assert.Equal(["begin", "end"], buffer().Calls.Select(call => call.Hook));
        Assert.Equal(2, callsAtRelease);
    }

    [Fact]
    public void What_hooks_throw_is_an_errno_and_an_end_that_throws_counts_as_done()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        buffer().OnBegin = () => throw new HeapException(HeapErrno.Busy, "moving", "not now");
        Refused(client, descriptor, Read, HeapErrno.Busy);
        Refused(client, descriptor, Read | End, HeapErrno.Invalid); // it was never begun
        buffer().OnBegin = () => throw new InvalidOperationException();
        Refused(client, descriptor, Read, HeapErrno.InputOutput);
        buffer().OnBegin = null;
        Done(client, descriptor, Read);
        buffer().OnEnd = () => throw new InvalidOperationException();
        Refused(client, descriptor, Read | End, HeapErrno.InputOutput);
        Refused(client, descriptor, Read | End, HeapErrno.Invalid);
    }

    [Fact]
    public void A_hook_may_open_the_memory_that_was_shown_and_only_then()
    {
        using var host = new TestHost();
        var buffer = Hook(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate(fileFlags: 0); // read-only, as the client asked
        buffer().OnBegin = () =>
        {
            using var memory = buffer().Memory.OpenDescriptor();
            RandomAccess.Write(memory, [7], 100);
        };
        Done(client, descriptor, Read);
        var seen = new byte[1];
        RandomAccess.Read(descriptor, seen, 100);
        Assert.Equal(7, seen[0]);

        Assert.Equal(HeapErrno.NotSupported, Assert.Throws<HeapException>(buffer().Memory.OpenDescriptor).Errno);
        HeapErrno? atTheEnd = null;
        buffer().OnEnd = () => atTheEnd = Assert.Throws<HeapException>(buffer().Memory.OpenDescriptor).Errno;
        client.Dispose();
        Eventually.True(() => buffer().Calls.Count == 2, "the access was not ended");
        Assert.Equal(HeapErrno.NotSupported, atTheEnd);
    }

    [Fact]
    public void A_buffer_class_with_overloads_of_an_op_is_served_like_any_other()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (request, _) => new OverloadedBuffer(host.Heap.Pages(request.Length));
        using var client = host.Connect();
        client.Allocate().Dispose();
    }

    [Fact]
    public void Two_buffer_classes_of_one_heap_are_not_taken_for_each_other()
    {
        using var host = new TestHost();
        var slot = host.Host.Core.Registry.Find("plain");
        HeapBuffer plain = new(host.Heap.Pages(4096)), hooked = new HookedBuffer(host.Heap.Pages(4096));
        var wrong = 0;
        var threads = new[] { plain, hooked }.Select(buffer => new Thread(() =>
        {
            for (var i = 0; i < 300_000; i++)
            {
                if (slot.HasCpuAccessHooks(buffer) != buffer is HookedBuffer) Interlocked.Increment(ref wrong);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        plain.Memory.Dispose();
        hooked.Memory.Dispose();
        Assert.Equal(0, wrong);
    }

    private static Func<HookedBuffer> Hook(TestHost host)
    {
        host.Heap.OnAllocate = (request, _) => new HookedBuffer(host.Heap.Pages(request.Length));
        return () => (HookedBuffer)host.Heap.Allocated.Single();
    }

    private static void Done(RawClient client, Microsoft.Win32.SafeHandles.SafeFileHandle descriptor, ulong flags) =>
        client.Ask(Messages.CpuAccess(client.NextId(), flags), descriptor).As<DoneReply>();

    private static void Refused(RawClient client, Microsoft.Win32.SafeHandles.SafeFileHandle descriptor, ulong flags, HeapErrno errno) =>
        Assert.Equal(errno, client.Ask(Messages.CpuAccess(client.NextId(), flags), descriptor).Error().Errno);

    private sealed class HookedBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public ConcurrentQueue<(string Hook, CpuAccess Access)> Calls { get; } = new();

        public Action? OnBegin { get; set; }

        public Action? OnEnd { get; set; }

        public override void BeginCpuAccess(in CpuAccess access)
        {
            OnBegin?.Invoke();
            Calls.Enqueue(("begin", access));
        }

        public override void EndCpuAccess(in CpuAccess access)
        {
            OnEnd?.Invoke();
            Calls.Enqueue(("end", access));
        }
    }

    public sealed class OverloadedBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public void BeginCpuAccess(int plane) => _ = plane;
    }
}
