using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Adoption;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using static DmaHeap.Tests.Importers.OrderTests;
using static DmaHeap.Tests.Importers.ReuseTests;

namespace DmaHeap.Tests.Importers;

/// <summary>A heap that goes on with an op, or with the descriptor shown for it, when that is over for everybody else: it finds what it had, or nothing, and never what came in its place.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed partial class LateHeapTests
{
    private const int Page = 4096;

    // The heap does not come back from an op and is given up, with the attachment; then its client goes on with the same number, and the heap comes back in the middle of that.
    [Theory]
    [InlineData("Attach")]
    [InlineData("Map")]
    [InlineData("Detach")]
    [InlineData("Vmap")]
    [InlineData("Vunmap")]
    public void A_heap_that_comes_back_late_touches_nothing_that_its_importer_has_since(string op)
    {
        ScriptedHeap stuck = null!;
        using var host = new TestHost(options => options with
        {
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "stuck", OpTimeout = TimeSpan.FromMilliseconds(300), Create = context => stuck = new ScriptedHeap(context) }],
        });
        var files = Descriptors.Count("/memfd:");
        var wrongFile = false;
        using var gate = new ManualResetEventSlim();
        var lost = ScriptedBuffer.Install(stuck);
        using (var client = host.Connect())
        {
            for (var warm = 0; warm < 3; warm++) Import(client, Marked(client, warm), new Random(warm), close: true);
            using (var held = client.Allocate("stuck"))
            {
                var (memory, inode) = (lost().Memory, FileStatus.Of(held).Inode);
                lost().On[op] = () =>
                {
                    gate.Wait();
                    wrongFile = Opens(memory, inode) is false;
                };
                (string Op, Func<Packet> Ask)[] steps = op.StartsWith('V')
                    ? [("Vmap", () => client.Ask(Messages.Vmap(client.NextId(), 1), held)), ("Vunmap", () => client.Ask(Messages.Vunmap(client.NextId(), 1)))]
                    :
                    [
                        ("Attach", () => client.Ask(Messages.Attach(client.NextId(), 1), held)), ("Map", () => client.Ask(Messages.Map(client.NextId(), 1))),
                        ("Detach", () => client.Ask(Messages.Detach(client.NextId(), 1))),
                    ];
                foreach (var step in steps)
                {
                    using var reply = step.Ask();
                    if (step.Op != op) continue;
                    Assert.Equal(HeapCause.HeapFault, reply.Error().Cause);
                    break;
                }

                if (op == "Map") Refused(client, Messages.Detach(client.NextId(), 1), HeapErrno.InputOutput, HeapCause.HeapFault);
            }

            Assert.Equal(0, host.Host.Core.ImportLimits.Held);
            var (one, two) = (Marked(client, 1), Marked(client, 2));
            Done(client, Messages.Attach(client.NextId(), 1), one.Descriptor);
            using (var whole = client.Ask(Messages.Vmap(client.NextId(), 1), two.Descriptor)) Assert.Equal(2, MarkOf(whole));
            gate.Set();
            Eventually.True(() => host.Host.Core.Registry.Find("stuck").Health.LostThreads == 0, "the thread that came back is still counted as lost");
            Eventually.True(() => host.Host.Statistics("stuck").Buffers == 0, "the late heap's buffer is not released");
            Assert.False(wrongFile);
            Assert.Equal((2, 1u), (host.Host.Core.ImportLimits.Held, Describe(client, one.Descriptor).Attachments));
            using (var mapped = client.Ask(Messages.Map(client.NextId(), 1))) Assert.Equal(1, MarkOf(mapped));
            Done(client, Messages.Detach(client.NextId(), 1));
            Done(client, Messages.Vunmap(client.NextId(), 1));
            Assert.Equal(0, host.Host.Core.ImportLimits.Held);
            one.Descriptor.Dispose();
            two.Descriptor.Dispose();
        }

        host.AssertNothingIsHeld();
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "a buffer's file is left");
    }

    // A heap may use what was shown from any thread of its own while its hook lasts, and tries for longer: it gets the buffer or nothing, whatever file has the number by then.
    [Fact]
    public async Task A_heap_never_opens_another_file_than_its_buffers_however_late_it_tries()
    {
        const int Rounds = 2000;
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        var (memory, inode) = (buffer().Memory, FileStatus.Of(descriptor).Inode);
        host.Heap.OnAllocate = null;
        var other = Marked(client, 1);
        using var over = new CancellationTokenSource();
        var (opened, wrong) = (0, 0);
        var late = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                if (Opens(memory, inode) is not { } right) continue;
                opened++;
                if (!right) wrong++;
            }
        }, TestContext.Current.CancellationToken);
        for (var round = 0; round < Rounds || (opened == 0 && round < 100 * Rounds); round++)
        {
            Done(client, Messages.CpuAccess(client.NextId(), 1), descriptor);
            Done(client, Messages.CpuAccess(client.NextId(), 5), descriptor);
            client.Ask(Messages.Describe(client.NextId()), other.Descriptor).Dispose(); // a number for another file
        }

        over.Cancel();
        await late;
        Assert.NotEqual(0, opened);
        Assert.Equal(0, wrong);
        other.Descriptor.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_shown_is_not_taken_away_while_the_heap_opens_it(bool adopted)
    {
        const int SetSignal = 10, Urgent = 23, SetLease = 1024, GetLease = 1025, Write = 1, None = 2;
        var pages = (HostMemory)TestMemory.Service().AllocatePages(new PageRequest { Length = Page });
        using var shown = new ReusableDescriptor();
        using var file = pages.TakeShownFile(MmapPolicy.Allowed, "buffer").File;
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, shown));
        var memory = adopted ? new AdoptedMemory(Page, Page) : pages;
        memory.Show(shown);

        // Whoever opens a leased file waits until its holder gives the lease up.
        var leased = (int)shown.DangerousGetHandle();
        Assert.Equal(0, fcntl(leased, SetSignal, Urgent));
        Assert.Equal(0, fcntl(leased, SetLease, Write));
        var opening = Task.Run(() => memory.OpenDescriptor().Dispose(), TestContext.Current.CancellationToken);
        try
        {
            Eventually.True(() => fcntl(leased, GetLease, 0) == None, "nobody opens it");
            var over = Task.Run(() => memory.Show(null), TestContext.Current.CancellationToken);
            Assert.NotSame(over, await Task.WhenAny(over, Task.Delay(200, TestContext.Current.CancellationToken)));
            Assert.Equal(0, fcntl(leased, SetLease, None));
            await over;
        }
        finally
        {
            fcntl(leased, SetLease, None);
        }

        await opening;
        Assert.Throws<HeapException>(memory.OpenDescriptor);
    }

    // Whether it is the right file that a heap opens as its memory's; null when it gets none.
    private static bool? Opens(IHeapMemory memory, ulong inode)
    {
        try
        {
            using var file = memory.OpenDescriptor();
            return FileStatus.Of(file).Inode == inode;
        }
        catch (Exception exception) when (exception is HeapException or ObjectDisposedException)
        {
            return null;
        }
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int file, int command, nint argument);
}
