using DmaHeap.Hosting;
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
    private const int Warm = 300, Rounds = 200, Windows = 8;
    private const int Handle = 64;

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

    // The heap may use the descriptor that was shown from any thread of its own while its hook lasts, so that has to be a handle of its own.
    [Fact]
    public void Cpu_access_that_the_heap_hears_of_leaves_the_handle_shown()
    {
        using var hooked = _client.Allocate("hooked");
        Leaves(2 * Handle, "CPU access", id =>
        {
            _client.Ask(Messages.CpuAccess(id, 1), hooked);
            _client.Ask(Messages.CpuAccess(id, 5), hooked);
        });
    }

    // What lives as long as the buffer: the record, the heap's object and its memory; and the two handles through which its file was made and handed out.
    [Fact]
    public void An_allocation_and_its_release_leave_what_the_buffer_was()
    {
        const int Record = 136, HeapObject = 24, Memory = 72;
        Leaves(Record + HeapObject + Memory + 2 * Handle, "allocate", id => _client.Ask(Messages.Allocate(id, "plain", 4096)).Dispose());
        Leaves(Record + HeapObject + Memory + 2 * Handle, "allocate by name", id => _client.Ask(Messages.Allocate(id, "other", 4096, name: "frame")).Dispose());
    }

    // Attach: what the importer has from then on, with the descriptor it showed. Map: descriptors and ranges, and how to undo it should they not reach the importer.
    [Fact]
    public void An_attachment_leaves_itself_and_a_mapping_what_was_handed_out()
    {
        using var buffer = _client.Allocate();
        Leaves(672, "attach and detach", id =>
        {
            _client.Ask(Messages.Attach(id, id), buffer);
            _client.Ask(Messages.Detach(id, id));
        });
        _client.Ask(Messages.Attach(_client.NextId(), attachment: 7), buffer);
        Leaves(640, "map and unmap", id =>
        {
            _client.Ask(Messages.Map(id, attachment: 7)).Dispose();
            _client.Ask(Messages.Unmap(id, attachment: 7));
        });
    }

    [Fact]
    public void What_is_left_is_noticed()
    {
        using var buffer = _client.Allocate();
        var names = 0;
        Assert.NotEqual(0, LeastOf(id => _client.Ask(Messages.SetName(id, $"frame {names++}"), buffer), 1));
    }

    private void Leaves(int atMost, string what, Action<ulong> ask)
    {
        for (var i = 0; i < Warm; i++) ask(_client.NextId());
        var least = LeastOf(ask, Windows);
        Assert.True(least <= (long)atMost * Rounds, $"{what} leaves {least / (double)Rounds} bytes instead of {atMost}");
    }

    // Of several looks the least: a worker may be at its first request while others are warm, and code may be compiled anew.
    private long LeastOf(Action<ulong> ask, int windows)
    {
        var least = long.MaxValue;
        while (windows-- > 0)
        {
            var before = Allocated();
            for (var i = 0; i < Rounds; i++) ask(_client.NextId());
            least = Math.Min(least, Allocated() - before);
        }

        return least;
    }

    private long Allocated() => _host.Server!.Workers.AllocatedBytes + _host.Core.Watch.AllocatedBytes;

    private sealed class PagesHeap(IHeapContext context) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));
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
    }
}
