using Vendor;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class CountingHeapTests
{
    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_whole_heap_is_one_file_of_at_most_forty_lines()
    {
        var folder = Path.Combine(RepositoryRoot(), "samples", "CountingHeap");
        var source = Assert.Single(Directory.GetFiles(folder, "*.cs"));

        Assert.InRange(File.ReadAllLines(source).Length, 10, 40);
    }

    [Fact]
    public void It_counts_the_beginnings_of_cpu_access_and_logs_them_at_release()
    {
        var type = Declaration(typeof(CountingHeap)).HeapType;
        using var heap = Assert.IsAssignableFrom<IHeap>(Activator.CreateInstance(type, _context));
        var buffer = heap.Allocate(4096);
        for (var i = 0; i < 3; i++)
        {
            buffer.BeginCpuAccess(new CpuAccess { Direction = DataDirection.ToDevice });
            buffer.EndCpuAccess(new CpuAccess { Direction = DataDirection.ToDevice });
        }

        Assert.Empty(_context.Entries);
        heap.Free(buffer);

        Assert.Equal(new LogField("CpuAccesses", 3), Assert.Single(Assert.Single(_context.Entries).Fields));
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "dmaheap.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run outside the repository");
        }

        return folder;
    }
}
