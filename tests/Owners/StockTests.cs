using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Owners;

/// <summary>A heap that takes more memory than it was asked for and keeps the rest for whoever comes next, beside recycling.</summary>
public sealed class StockTests : IDisposable
{
    private static readonly TrustDomain s_ours = new(1000, "user:[1]", "/a"), s_theirs = new(1001, "user:[1]", "/a");

    private readonly TestHost _host = new(options => options with { Heaps = [options.Heaps[0] with { Recycle = HeapRecycling.Domain }] });
    private readonly Stack<IHeapMemory> _stock = new();

    public StockTests() => _host.Heap.OnAllocate = (request, _) =>
    {
        if (_stock.Count == 0)
        {
            _stock.Push(_host.Heap.Pages(request.Length));
            _stock.Push(_host.Heap.Pages(request.Length));
        }

        return new HeapBuffer(_stock.Pop());
    };

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Memory_that_one_domain_used_reaches_no_other_by_way_of_the_stock()
    {
        var used = GiveBack(Allocate(s_ours));
        Allocate(s_ours).Dispose(); // the other of the two that were new
        using (Allocate(s_ours)) // one that is new, while the used one goes into stock
        {
            var refusal = Assert.Throws<HeapException>(() => Allocate(s_theirs).Dispose());
            Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        }

        Assert.Equal(1, _host.Host.Core.Registry.Find("plain").Statistics.Recycled);
        using var next = Allocate(s_theirs);
        Assert.NotEqual(used, FileStatus.Of(next.Handle).Inode);
    }

    [Fact]
    public void New_memory_from_the_stock_is_anybodys_and_is_not_recycled_then()
    {
        using var first = Allocate(s_ours);
        using var second = Allocate(s_theirs);
        foreach (var domain in new[] { s_ours, s_theirs }) Assert.False(Take(second, domain));
        Assert.True(Take(first, s_ours));
    }

    private ExportedBuffer Allocate(TrustDomain domain) =>
        _host.Host.Allocate(new BufferRequest { Heap = "plain", Length = 4096, Caller = TestHost.Us, Domain = new Lazy<TrustDomain?>(domain) });

    private bool Take(ExportedBuffer buffer, TrustDomain giver)
    {
        var core = _host.Host.Core;
        Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(buffer.Handle, out var shown));
        return core.Recycler.TryTake(core.Find(shown), shown, giver);
    }

    private ulong GiveBack(ExportedBuffer buffer)
    {
        var inode = FileStatus.Of(buffer.Handle).Inode;
        Assert.True(Take(buffer, s_ours));
        buffer.Dispose();
        Eventually.True(() => _host.Host.Core.Registry.Find("plain").Memory!.Recycled.Pieces == 1, "it does not come back");
        return inode;
    }
}
