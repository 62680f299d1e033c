using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Importers;

/// <summary>Importers of the program that embeds the host: the same rules, without a connection.</summary>
public sealed class EmbeddedTests
{
    [Fact]
    public void Attach_map_and_their_ends_reach_the_heap_in_order()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var exported = host.Allocate(8192);
        using (var attachment = Attach(host, exported.Handle))
        {
            Assert.Equal(1, Attachments(host, exported.Handle));
            using var mapping = attachment.Map(DataDirection.Bidirectional);
            var segment = Assert.Single(mapping.Segments);
            Assert.Equal((0L, 8192L), (segment.Offset, segment.Length));
            Refuses(() => attachment.Map(DataDirection.Bidirectional), HeapErrno.Busy, HeapCause.AlreadyMapped);
            mapping.Unmap();
            Refuses(mapping.Unmap, HeapErrno.Invalid, HeapCause.BadOrder);
        }

        using (host.Host.Vmap(exported.Handle, TestHost.Us)) Assert.Equal("Vmap", buffer().Calls.Last());
        Assert.Equal(["Attach", "Map", "Unmap", "Detach", "Vmap", "Vunmap"], buffer().Calls);
        Assert.Equal((0, 0), (host.Host.Core.ImportLimits.Held, host.Host.Core.Importers.Count));
    }

    [Fact]
    public void What_is_left_is_undone_when_the_host_stops()
    {
        var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var exported = host.Allocate();
        var attachment = Attach(host, exported.Handle);
        var mapping = attachment.Map(DataDirection.ToDevice);
        var calls = buffer().Calls;
        host.Heap.OnRelease = _ => calls.Enqueue("Release");
        host.Dispose();
        Assert.Equal(["Attach", "Map", "Unmap", "Detach", "Release"], calls);
        mapping.Dispose();
        attachment.Dispose();
        Assert.Equal(5, calls.Count);
    }

    [Fact]
    public void What_a_heap_throws_reaches_the_caller_and_what_is_refused_leaves_nothing()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var exported = host.Allocate();
        buffer().On["Attach"] = () => throw new HeapException(HeapErrno.NotPermitted, HeapCause.AccessDenied, "not you");
        Refuses(() => Attach(host, exported.Handle), HeapErrno.NotPermitted, HeapCause.AccessDenied);
        buffer().On.Clear();
        using var attachment = Attach(host, exported.Handle, executable: "/usr/bin/camera");
        Assert.Equal("/usr/bin/camera", buffer().Requests.Last().ImporterExecutable);
        attachment.Detach();
        Refuses(attachment.Detach, HeapErrno.Invalid, HeapCause.NotAttached);
        Refuses(() => attachment.Map(DataDirection.ToDevice), HeapErrno.Invalid, HeapCause.NotAttached);
        Assert.Equal((0, 0), (host.Host.Core.ImportLimits.Held, host.Host.Core.Importers.Count));
    }

    private static Hosting.HostAttachment Attach(TestHost host, SafeFileHandle shown, string executable = "") =>
        host.Host.Attach(shown, AttachConstraints.None, DataDirection.Bidirectional, TestHost.Us, executable);

    private static int Attachments(TestHost host, SafeFileHandle shown) => host.Host.Core.Find(shown).Attachments;

    private static void Refuses(Action action, HeapErrno errno, string cause)
    {
        var refusal = Assert.Throws<HeapException>(action);
        Assert.Equal((errno, cause), (refusal.Errno, refusal.Cause));
    }
}
