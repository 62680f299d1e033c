using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Buffers of one host that are shown to another, and files that are none.</summary>
public sealed class AdoptionTests
{
    private const Seals FixedSize = Seals.Shrink | Seals.Grow | Seals.Seal;

    [Fact]
    public void A_buffer_of_a_host_that_ended_is_counted_charged_and_released_without_the_heap()
    {
        using var buffer = Orphan(20_000);
        using var host = new TestHost();
        using var client = host.Connect();

        var adopted = client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>().Buffer;
        Assert.Equal((20_480ul, "plain", "orphan", TestHost.Us.UserId), (adopted.Length, TextField.Read(adopted.Heap), TextField.Read(adopted.Name), adopted.UserId));
        Assert.Equal(BufferFlags.Adopted, adopted.Flags & BufferFlags.Adopted);
        var slot = host.Host.Core.Registry.Find("plain");
        Assert.Equal((20_480, 20_480, 1, 0), (slot.Accounts.All.Used, host.Host.Core.Quotas.Host.Used, (int)slot.Statistics.Buffers, (int)slot.Statistics.Allocations));
        Assert.Equal(adopted.Id, host.Host.Identify(buffer.Handle)!.Id);

        buffer.Dispose();
        host.AssertNothingIsHeld();
        Assert.Empty(host.Heap.Released);
    }

    [Fact]
    public void Showing_it_again_changes_nothing()
    {
        using var buffer = Orphan(4096);
        using var host = new TestHost();
        using var client = host.Connect();
        var first = client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>().Buffer;
        var again = client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>().Buffer;
        Assert.Equal(first.Id, again.Id);
        Assert.Equal(1, host.Host.LiveBuffers);
        Assert.Equal(4096, host.Host.Core.Quotas.Host.Used);
    }

    [Fact]
    public void A_buffer_of_this_host_stays_what_it_is()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var buffer = host.Allocate();
        var shown = client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>().Buffer;
        Assert.Equal((buffer.Id, BufferFlags.None), (shown.Id, shown.Flags & BufferFlags.Adopted));
        buffer.Dispose();
        Eventually.True(() => host.Heap.Released.Count == 1, "the heap was not given its buffer back");
    }

    [Fact]
    public void What_is_there_is_charged_past_a_limit_and_allocations_wait_for_room()
    {
        using var buffer = Orphan(1 << 20);
        using var host = new TestHost(limits: new HeapLimits { Total = 64 * 1024 });
        using var client = host.Connect();
        client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>();
        Assert.Equal(HeapCause.HeapLimit, host.Refused().Cause);
        buffer.Dispose();
        host.AssertNothingIsHeld();
        host.Allocate().Dispose();
    }

    [Fact]
    public void Its_ops_are_the_hosts_own()
    {
        using var buffer = Orphan(4096);
        using var host = new TestHost();
        using var client = host.Connect();
        client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>();
        host.Host.BeginCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us);
        Assert.False(host.Host.EndCpuAccess(buffer.Handle, DataDirection.FromDevice, TestHost.Us)); // there is no hook, so nothing was begun
    }

    [Fact]
    public void One_host_after_another_adopts_it()
    {
        using var buffer = Orphan(4096);
        using var early = new TestHost();
        using var late = new TestHost();
        foreach (var host in new[] { early, late })
        {
            using var client = host.Connect();
            Assert.Equal(4096u, client.Ask(Adopt(client), buffer.Handle).As<AdoptReply>().Buffer.Length);
        }

        buffer.Dispose();
        early.AssertNothingIsHeld();
        late.AssertNothingIsHeld();
    }

    [Fact]
    public void A_file_that_only_looks_like_a_buffer_is_refused_and_nothing_is_counted()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        foreach (var (what, file) in Impostors())
        {
            using (file)
            {
                var error = client.Ask(Adopt(client), file).As<ErrorReply>();
                Assert.True((int)Errno.EINVAL == error.Errno && HeapCause.UnknownBuffer == TextField.Read(error.Cause), $"{what}: {TextField.Read(error.Message)}");
            }
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_heap_that_is_not_served_any_more_adopts_nothing()
    {
        using var buffer = Memory("gone", 4096);
        using var host = new TestHost();
        using var client = host.Connect();
        var error = client.Ask(Adopt(client), buffer).As<ErrorReply>();
        Assert.Equal(HeapCause.UnknownHeap, TextField.Read(error.Cause));
    }

    [Fact]
    public void An_opaque_buffer_is_lost_and_says_so()
    {
        using var stand = Memory("plain", 4096, FixedSize | Seals.Write, UnixFileMode.None);
        using var host = new TestHost();
        using var client = host.Connect();
        var error = client.Ask(Adopt(client), stand).As<ErrorReply>();
        Assert.Equal(HeapCause.MemoryLost, TextField.Read(error.Cause));
    }

    [Fact]
    public void Many_threads_that_show_and_ask_at_once_count_it_once_and_lose_no_watch()
    {
        using var host = new TestHost();
        for (var round = 0; round < 50; round++)
        {
            using var buffer = Orphan(4096);
            Parallel.For(0, 8, i =>
            {
                if (i % 2 == 0) host.Host.Identify(buffer.Handle);
                else host.Host.Core.Adopter.Adopt(buffer.Handle, "", default, TestHost.Us);
            });
            Assert.Equal(4096, host.Host.Core.Quotas.Host.Used);
            Assert.NotNull(host.Host.Identify(buffer.Handle));
            buffer.Dispose();
            host.AssertNothingIsHeld();
        }
    }

    private static AdoptRequest Adopt(RawClient client) => new() { Header = MessageCodec.Header<AdoptRequest>(MessageKind.Adopt, client.NextId()) };

    // Of a host that is gone when this returns.
    private static ExportedBuffer Orphan(ulong length)
    {
        using var host = new TestHost();
        return host.Host.Allocate(new BufferRequest { Heap = "plain", Length = length, Name = "orphan", Caller = TestHost.Us });
    }

    private static IEnumerable<(string What, SafeFileHandle File)> Impostors()
    {
        yield return ("no memfd", File.OpenHandle("/dev/null"));
        yield return ("no seals", Memory("plain", 4096, Seals.None));
        yield return ("another mode", Memory("plain", 4096, mode: (UnixFileMode)0b110_110_110));
        yield return ("sealed against writing", Memory("plain", 4096, FixedSize | Seals.Write));
        yield return ("no heap's name", Memory("a b", 4096));
        yield return ("no whole pages", Memory("plain", 4097));
        yield return ("empty", Memory("plain", 0));
        if (ProcessIdentity.EffectiveUserId != 0) yield break;
        var strangers = Memory("plain", 4096);
        Assert.Equal(0, chown(FormattableString.Invariant($"/proc/self/fd/{strangers.DangerousGetHandle()}"), OtherUser.Nobody, OtherUser.Nobody));
        yield return ("another user's", strangers);
    }

    private static SafeFileHandle Memory(string name, long length, Seals seals = FixedSize, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Assert.Equal(Errno.None, Memfd.TryCreate(name, MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal, out var file));
        Assert.Equal(Errno.None, FileSpace.TrySetLength(file, length));
        Assert.Equal(Errno.None, FilePermissions.TrySet(file, mode));
        if (seals != Seals.None) FileSeals.Add(file, seals);
        return file;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int chown(string path, uint user, uint group);
}
