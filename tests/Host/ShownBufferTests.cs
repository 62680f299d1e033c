using System.Collections.Concurrent;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Host;

/// <summary>What a program that embeds the host may ask of a descriptor that was shown to it, and the same through a client.</summary>
public sealed class ShownBufferTests
{
    [Fact]
    public void A_buffer_is_known_by_any_descriptor_of_it()
    {
        using var host = new TestHost();
        using var buffer = host.Allocate(5000);
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(buffer.Handle, FileAccessMode.ReadOnly, closeOnExec: true, out var reopened));
        using (reopened) Assert.Equal(new ShownBuffer(buffer.Id, "plain", buffer.Length, buffer.PageSize, buffer.Flags), host.Host.Identify(reopened));
    }

    [Theory]
    [InlineData(false, "frame", "plain:frame")]
    [InlineData(false, "", "plain")]
    [InlineData(true, "frame", "plain:frame")] // of memory that clients cannot see
    public void A_descriptors_link_in_proc_shows_heap_and_buffer_name(bool isOpaque, string name, string shown)
    {
        using var host = new TestHost();
        if (isOpaque) host.Heap.OnAllocate = (request, _) => new HiddenBuffer(host.Heap.Pages(request.Length));
        using var buffer = host.Host.Allocate(new BufferRequest { Heap = "plain", Length = 4096, Name = name, Caller = TestHost.Us });
        Assert.Equal(isOpaque, buffer.Flags.HasFlag(BufferFlags.Opaque));
        Assert.Equal($"/memfd:{shown} (deleted)", new FileInfo($"/proc/self/fd/{buffer.Handle.DangerousGetHandle()}").LinkTarget);
    }

    private sealed class HiddenBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override MmapPolicy MmapPolicy => MmapPolicy.Refused;
    }

    [Fact]
    public void Another_file_is_no_buffer_and_neither_is_another_hosts()
    {
        using var host = new TestHost();
        using var other = new TestHost();
        using var null_ = File.OpenHandle("/dev/null");
        using var foreign = other.Allocate();
        foreach (var shown in new[] { null_, foreign.Handle })
        {
            Assert.Null(host.Host.Identify(shown));
            foreach (var call in new Action[]
            {
                () => host.Host.SetName(shown, "name"),
                () => host.Host.BeginCpuAccess(shown, DataDirection.FromDevice, TestHost.Us),
                () => host.Host.EndCpuAccess(shown, DataDirection.FromDevice, TestHost.Us),
            })
            {
                var refusal = Assert.Throws<HeapException>(call);
                Assert.Equal((HeapErrno.Invalid, HeapCause.UnknownBuffer), (refusal.Errno, refusal.Cause));
            }
        }
    }

    [Fact]
    public void The_last_name_wins_and_one_that_does_not_fit_changes_nothing()
    {
        using var host = new TestHost();
        using var buffer = host.Allocate();
        host.Host.SetName(buffer.Handle, "first");
        host.Host.SetName(buffer.Handle, new string('é', 15) + "x");
        foreach (var name in new[] { new string('n', 32), new string('é', 16), "a\0b" })
        {
            Assert.Equal(HeapCause.BadName, Assert.Throws<HeapException>(() => host.Host.SetName(buffer.Handle, name)).Cause);
        }

        Assert.Equal(new string('é', 15) + "x", Assert.Single(host.Host.Core.Table.Snapshot()).Name);
    }

    [Fact]
    public void CPU_access_reaches_the_hooks_and_no_end_comes_without_its_begin()
    {
        using var host = new TestHost();
        using var buffer = Hooked(host, out var calls);
        Assert.False(host.Host.EndCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us));
        host.Host.BeginCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us);
        host.Host.BeginCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us);
        Assert.False(host.Host.EndCpuAccess(buffer.Handle, DataDirection.ToDevice, TestHost.Us));
        Assert.True(host.Host.EndCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us));
        Assert.True(host.Host.EndCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us));
        Assert.False(host.Host.EndCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us));
        Assert.Equal(["begin", "begin", "end", "end"], calls);
    }

    [Fact]
    public void A_buffer_without_hooks_needs_none()
    {
        using var host = new TestHost();
        using var buffer = host.Allocate();
        host.Host.BeginCpuAccess(buffer.Handle, DataDirection.ToDevice, TestHost.Us);
        Assert.False(host.Host.EndCpuAccess(buffer.Handle, DataDirection.ToDevice, TestHost.Us));
    }

    [Fact]
    public void A_client_may_speak_for_a_descriptor_that_another_process_holds()
    {
        using var host = new TestHost();
        using var buffer = Hooked(host, out var calls);
        using var client = DmaHeapClient.Connect(host.SocketPath);
        client.BeginCpuAccess(buffer.Handle, CpuAccessDirection.Write);
        client.EndCpuAccess(buffer.Handle, CpuAccessDirection.Write);
        Assert.Equal(["begin", "end"], calls);
        var refusal = Assert.Throws<DmaHeapException>(() => client.EndCpuAccess(buffer.Handle, CpuAccessDirection.Write));
        Assert.Equal((Errno.EINVAL, HeapCause.BadOrder), (refusal.Errno, refusal.Cause));
    }

    [Fact]
    public void Aliases_are_found_by_name_and_by_alias()
    {
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "region", Aliases = ["linux,cma", "reserved"], Create = context => new ScriptedHeap(context) }],
        });
        Assert.Equal(["linux,cma", "reserved"], host.Host.AliasesOf("region"));
        Assert.Equal(["linux,cma", "reserved"], host.Host.AliasesOf("reserved"));
        Assert.Empty(host.Host.AliasesOf("plain"));
        Assert.Equal(HeapErrno.NoEntry, Assert.Throws<HeapException>(() => host.Host.AliasesOf("nowhere")).Errno);
    }

    private static ExportedBuffer Hooked(TestHost host, out ConcurrentQueue<string> calls)
    {
        var told = calls = new ConcurrentQueue<string>();
        host.Heap.OnAllocate = (request, _) => new HookedBuffer(host.Heap.Pages(request.Length), told);
        var buffer = host.Allocate();
        Assert.True(buffer.Flags.HasFlag(BufferFlags.CpuAccessHooks));
        return buffer;
    }

    private sealed class HookedBuffer(IHeapMemory memory, ConcurrentQueue<string> calls) : HeapBuffer(memory)
    {
        public override void BeginCpuAccess(in CpuAccess access) => calls.Enqueue("begin");

        public override void EndCpuAccess(in CpuAccess access) => calls.Enqueue("end");
    }
}
