using System.Runtime.CompilerServices;
using DmaHeap.Client;
using DmaHeap.Tests.Docs.OpsExamples;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>docs/ops.md: its examples are compiled code, and do what is said of them, between a client and a host.</summary>
public sealed class OpsDocumentTests
{
    private static readonly string s_text = File.ReadAllText(Repository.File("docs", "ops.md"));

    [Fact]
    public void The_examples_are_compiled_code()
    {
        var code = File.ReadAllText(Path.Join(Path.GetDirectoryName(ThisPath()), "OpsExamples.cs"));
        var blocks = s_text.Split("```csharp\n").Skip(1).Select(rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)]).ToArray();
        Assert.Equal(7, blocks.Length);
        Assert.All(blocks, block => Assert.Contains(block, code));
        Assert.All(blocks, block => Assert.InRange(block.Count(letter => letter == '\n'), 1, 12));
    }

    [Fact]
    public void Every_op_has_its_place()
    {
        var ops = typeof(HeapBuffer).GetMembers().OfType<System.Reflection.MethodInfo>().Where(method => method.IsVirtual && method.DeclaringType == typeof(HeapBuffer))
            .Select(method => method.Name.Replace("get_", "", StringComparison.Ordinal));
        Assert.All(ops, op => Assert.Contains($"`{op}`", s_text));
        Assert.All(ops, op => Assert.Contains(s_text.Split('\n'), line => line.StartsWith("## ", StringComparison.Ordinal) && line.Contains(op, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_guarded_buffer_refuses_who_is_not_in_the_group()
    {
        using var world = new World((memory, _) => new GuardedBuffer(memory));
        var refusal = Assert.Throws<DmaHeapException>(() => world.Buffer.Attach());
        Assert.Equal(((int)HeapErrno.NotPermitted, HeapCause.AccessDenied), ((int)refusal.Errno, refusal.Cause));
        Assert.Contains(world.Host.Log, line => line.StartsWith("202: ", StringComparison.Ordinal) && line.Contains("is not in group 44", StringComparison.Ordinal));
    }

    [Fact]
    public void An_attachment_of_the_heaps_own_comes_back_at_its_detach()
    {
        var freed = new List<int>();
        using var world = new World((memory, _) => new NumberedBuffer(memory, freed.Add));
        using var first = world.Buffer.Attach();
        using (world.Buffer.Attach())
        {
        }

        first.Detach();
        Assert.Equal([2, 1], freed);
    }

    [Fact]
    public void Memory_may_come_at_the_first_map()
    {
        using var world = new World((memory, service) => new LateBuffer(memory, service));
        using var attachment = world.Buffer.Attach(new DmaAttachConstraints { MaxSegmentBytes = 4096 });
        using (var mapping = attachment.Map())
        {
            Assert.Equal([(0L, 4096L), (4096L, 4096L)], mapping.Segments.Select(segment => (segment.Offset, segment.Length)));
            using var mapped = mapping.Segments[1].Map();
            mapped.Span[0] = 7;
        }

        using var again = attachment.Map();
        using var seen = again.Segments[1].Map(FileAccess.Read);
        Assert.Equal(7, seen.ReadOnlySpan[0]);
        ((LateBuffer)world.Host.Heap.Allocated.Single()).DisposePages();
    }

    [Fact]
    public void An_unmap_tells_which_way_data_went()
    {
        var flushes = 0;
        using var world = new World((memory, _) => new FlushedBuffer(memory, () => flushes++));
        using var attachment = world.Buffer.Attach();
        attachment.Map(DmaDirection.ToDevice).Dispose();
        Assert.Equal(0, flushes);
        attachment.Map(DmaDirection.FromDevice).Dispose();
        Assert.Equal(1, flushes);
    }

    [Fact]
    public void Cpu_access_is_told_by_its_direction()
    {
        var moved = new List<string>();
        using var world = new World((memory, _) => new MirroredBuffer(memory, _ => moved.Add("fetch"), _ => moved.Add("store")));
        using (world.Buffer.BeginCpuAccess(CpuAccessDirection.Read)) moved.Add("read");
        using (world.Buffer.BeginCpuAccess(CpuAccessDirection.Write)) moved.Add("write");
        using (world.Buffer.BeginCpuAccess(CpuAccessDirection.ReadWrite)) moved.Add("both");
        Assert.Equal(["fetch", "read", "write", "store", "fetch", "both", "store"], moved);
    }

    [Fact]
    public void What_clients_may_not_map_importers_may()
    {
        using var world = new World((memory, _) => new HandsOffBuffer(memory));
        Assert.Throws<DmaHeapException>(() => world.Buffer.Map());
        using var attachment = world.Buffer.Attach();
        using var mapping = attachment.Map();
        using var mapped = mapping.Segments[0].Map();
        Assert.Equal(0, mapped.Span[0]);
    }

    [Fact]
    public void A_vmap_is_taken_back()
    {
        using var world = new World((memory, _) => new PeekedBuffer(memory));
        var buffer = (PeekedBuffer)world.Host.Heap.Allocated.Single();
        using (var mapping = world.Buffer.Vmap())
        {
            Assert.True(buffer.IsLookedAt);
            Assert.Equal(8192, Assert.Single(mapping.Segments).Length);
        }

        Assert.False(buffer.IsLookedAt);
    }

    private static string ThisPath([CallerFilePath] string path = "") => path;

    /// <summary>A host, a client of it, and one buffer of 8 KiB.</summary>
    private sealed class World : IDisposable
    {
        private readonly DmaHeapClient _client;

        public World(Func<IHeapMemory, IHeapMemoryService, HeapBuffer> make)
        {
            Host = new TestHost();
            Host.Heap.OnAllocate = (request, _) => make(Host.Heap.Pages(request.Length), Host.Heap.Context.Memory);
            _client = DmaHeapClient.Connect(Host.SocketPath);
            Buffer = _client.Allocate("plain", 8192);
        }

        public TestHost Host { get; }

        public DmaBuffer Buffer { get; }

        public void Dispose()
        {
            Buffer.Dispose();
            _client.Dispose();
            Host.Dispose();
        }
    }
}
