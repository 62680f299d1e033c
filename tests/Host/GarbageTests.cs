using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>What requests leave on the managed heap, once the host is warm: counted on the threads that served them.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class GarbageTests : IDisposable
{
    private const int Page = 4096, Ready = 512;
    private const int Warm = 300, Rounds = 200, Windows = 40;

    private readonly TemporaryDirectory _directory = new();
    private readonly DmaHeapHost _host;
    private readonly RawClient _client;

    public GarbageTests()
    {
        _host = DmaHeapHost.Start(new DmaHeapHostOptions
        {
            Heaps =
            [
                new HeapDefinition { Name = "plain", Aliases = ["other"], Create = context => new PagesHeap(context) },
                new HeapDefinition { Name = "pooled", Create = context => new PagesHeap(context), Pool = new PoolConfiguration { Min = new(Ready * Page), Sizes = [new(Page)] } },
                new HeapDefinition { Name = "hooked", Create = context => new HookedHeap(context) },
            ],
            SocketPath = _directory["socket"],
        }, NullLoggerFactory.Instance);
        _client = RawClient.Greeted(_directory["socket"]);
    }

    public void Dispose()
    {
        _client.Dispose();
        _host.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Requests_about_what_there_is_leave_nothing()
    {
        using var buffer = _client.Allocate();
        Leaves(0, "describe", id => _client.Ask(Messages.Describe(id), buffer));
        Leaves(0, "set name", id => _client.Ask(Messages.SetName(id, "frame"), buffer));
        Leaves(0, "statistics", id => _client.Ask(Messages.Statistics(id, "other")));
        Leaves(0, "statistics of all", id => _client.Ask(Messages.Statistics(id)));
        Leaves(0, "list heaps", id => _client.Ask(Messages.ListHeaps(id)));
        Leaves(0, "list buffers", id => _client.Ask(Messages.ListBuffers(id)));
        Leaves(0, "cancel", id =>
        {
            _client.Send(Messages.Cancel(id + 1));
            _client.Ask(Messages.Describe(id), buffer);
        });
        Leaves(0, "CPU access", id =>
        {
            _client.Ask(Messages.CpuAccess(id, 1), buffer);
            _client.Ask(Messages.CpuAccess(id, 5), buffer);
        });
    }

    [Fact]
    public void Cpu_access_that_the_heap_hears_of_leaves_nothing()
    {
        using var hooked = _client.Allocate("hooked");
        Leaves(0, "CPU access", id =>
        {
            _client.Ask(Messages.CpuAccess(id, 1), hooked);
            _client.Ask(Messages.CpuAccess(id, 5), hooked);
        });
    }

    [Fact]
    public void An_allocation_and_its_release_leave_nothing()
    {
        Leaves(0, "allocate", id => _client.Ask(Messages.Allocate(id, "plain", 4096)).Dispose());
        Leaves(0, "allocate by name", id => _client.Ask(Messages.Allocate(id, "other", 4096, name: "frame")).Dispose());
        Leaves(0, "allocate several", id => _client.Ask(Messages.Allocate(id, "plain", 4096, count: 32)).Dispose());
    }

    [Fact]
    public void An_allocation_from_a_pool_leaves_nothing_nor_does_the_filling()
    {
        Assert.True(SpinWait.SpinUntil(() => _host.Core.Pools.Pieces == Ready, TimeSpan.FromSeconds(10)), "the pool is not filled");
        Leaves(0, "allocate", id => _client.Ask(Messages.Allocate(id, "pooled", Page)).Dispose());
        var hits = ((HeapStatistics)_host.Statistics("pooled")).PoolHits;
        Assert.True(hits >= Ready, $"{hits} came from the pool");
    }

    // A heap that holds its buffers' memory itself may hold it for longer: the memory object is its own for good, and the buffer is what it makes.
    [Fact]
    public void An_allocation_of_a_heap_with_buffers_of_its_own_leaves_what_the_heap_had()
    {
        const int HeapObject = 24, Memory = 144, Place = 32;
        Leaves(HeapObject + Memory + Place, "allocate", id => _client.Ask(Messages.Allocate(id, "hooked", 4096)).Dispose());
    }

    [Fact]
    public void A_buffer_that_was_described_leaves_nothing_either()
    {
        Leaves(0, "allocate and describe", id =>
        {
            using var reply = _client.Ask(Messages.Allocate(id, "plain", 4096));
            _client.Ask(Messages.Describe(_client.NextId()), reply.Descriptors);
        });
    }

    // Who keeps what a listing or an importer found is not known: the buffer's objects are not used again. That is once for each buffer, whatever is done with it.
    [Fact]
    public void A_buffer_that_was_listed_leaves_what_it_was()
    {
        const int Record = 144, Memory = 112, Place = 32, Plain = 24;
        Leaves(Record + Memory + Place + Plain, "allocate and list", id =>
        {
            using var reply = _client.Ask(Messages.Allocate(id, "plain", 4096));
            _client.Ask(Messages.ListBuffers(_client.NextId()));
        });
    }

    [Fact]
    public void Importers_leave_nothing()
    {
        using var buffer = _client.Allocate(length: 256 * Page);
        ImportersLeave(0, 0, 0, buffer);
        Leaves(0, "attach for other constraints, map in many segments and detach", id =>
        {
            _client.Ask(Messages.Attach(id, id, maxSegmentBytes: Page), buffer);
            _client.Ask(Messages.Map(_client.NextId(), id)).Dispose();
            _client.Ask(Messages.Detach(_client.NextId(), id));
        });
    }

    // What a heap returned may be kept by it for good: so each attachment it hears of has its own, and the list of segments is the heap's in any case.
    [Fact]
    public void Importers_that_the_heap_hears_of_leave_what_it_returned()
    {
        const int Attachment = 48, Segments = 40;
        using var buffer = _client.Allocate("hooked");
        ImportersLeave(Attachment, Segments, 0, buffer);
    }

    [Fact]
    public void What_is_left_is_noticed()
    {
        using var buffer = _client.Allocate();
        var names = 0;
        Assert.NotEqual(0, LeastOf(id => _client.Ask(Messages.SetName(id, $"frame {names++}"), buffer), 1));
    }

    private void ImportersLeave(int attached, int mapped, int vmapped, SafeFileHandle buffer)
    {
        Leaves(attached, "attach and detach", id =>
        {
            _client.Ask(Messages.Attach(id, id), buffer);
            _client.Ask(Messages.Detach(_client.NextId(), id));
        });
        _client.Ask(Messages.Attach(_client.NextId(), attachment: 7), buffer);
        Leaves(mapped, "map and unmap", id =>
        {
            _client.Ask(Messages.Map(id, attachment: 7)).Dispose();
            _client.Ask(Messages.Unmap(_client.NextId(), attachment: 7));
        });
        _client.Ask(Messages.Detach(_client.NextId(), attachment: 7));
        Leaves(vmapped, "vmap and vunmap", id =>
        {
            _client.Ask(Messages.Vmap(id, id), buffer).Dispose();
            _client.Ask(Messages.Vunmap(_client.NextId(), id));
        });
    }

    private void Leaves(int atMost, string what, Action<ulong> ask)
    {
        for (var i = 0; i < Warm; i++) ask(_client.NextId());
        var least = LeastOf(ask, Windows, enough: (long)atMost * Rounds);
        Assert.True(least <= (long)atMost * Rounds, $"{what} leaves {least / (double)Rounds} bytes instead of {atMost}");
    }

    // Of several looks the least: a worker may be at its first request while others are warm, code may be compiled anew, and more buffers be on their way out than ever before.
    private long LeastOf(Action<ulong> ask, int windows, long enough = long.MinValue)
    {
        var least = long.MaxValue;
        while (windows-- > 0 && least > enough)
        {
            var before = Allocated();
            for (var i = 0; i < Rounds; i++) ask(_client.NextId());
            least = Math.Min(least, Allocated() - before);
        }

        return least;
    }

    private long Allocated() => _host.Server!.Workers.AllocatedBytes + _host.Core.Watch.AllocatedBytes + _host.Core.Pools.AllocatedBytes;

    private sealed class PagesHeap(IHeapContext context) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            context.Memory.AllocateBuffer(new PageRequest { Length = request.Length });
    }

    private sealed class HookedHeap(IHeapContext context) : Heap<HookedBuffer>
    {
        protected override HookedBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));
    }

    private sealed class HookedBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override void BeginCpuAccess(in CpuAccess access)
        {
        }

        public override void EndCpuAccess(in CpuAccess access)
        {
        }

        public override BufferAttachment Attach(in AttachRequest request) => new(in request);

        public override MemorySegment Vmap() => base.Vmap();
    }
}
