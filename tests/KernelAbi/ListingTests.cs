using System.Buffers.Binary;
using System.Text;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.KernelAbi.Supervision;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>Which names /dev/dma_heap has, and which of them it lists.</summary>
public sealed class ListingTests
{
    private static readonly BackendHeap[] s_heaps = [new("system", []), new("cma", ["reserved", "system", "linux,cma"])];

    [Theory]
    [InlineData(new[] { "a", "hidden", "b" }, new[] { "a", "b" })]
    [InlineData(new[] { "hidden" }, new string[0])]
    [InlineData(new[] { "hiddenmore", "hidde", "hidden" }, new[] { "hiddenmore", "hidde" })]
    [InlineData(new string[0], new string[0])]
    public void Names_are_left_out_of_what_the_kernel_lists(string[] names, string[] left)
    {
        byte[] entries = [.. names.SelectMany(Entry)];
        var length = ListingCalls.LeaveOut(entries, new HashSet<string> { "hidden" });
        Assert.Equal([.. left.SelectMany(Entry)], entries[..length]);
    }

    [Fact]
    public void Aliases_open_and_are_not_listed_unless_asked_for()
    {
        Assert.Equal(["reserved", "linux,cma"], new HeapDirectory(s_heaps, false, HeapOverlap.Hide).Hidden);
        Assert.Empty(new HeapDirectory(s_heaps, true, HeapOverlap.Hide).Hidden);
    }

    [Fact]
    public void A_heap_keeps_its_name_where_another_has_it_for_an_alias() =>
        Assert.Equal(
            [("system", "system", false), ("cma", "cma", false), ("reserved", "cma", true), ("linux,cma", "cma", true)],
            new HeapDirectory(s_heaps, false, HeapOverlap.Hide).Names.Select(name => (name.Name, name.Heap, name.IsAlias)));

    private static byte[] Entry(string name)
    {
        const int Name = 19, Alignment = 8;
        var entry = new byte[(Name + name.Length + 1 + Alignment - 1) / Alignment * Alignment];
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(16), (ushort)entry.Length);
        Encoding.UTF8.GetBytes(name, entry.AsSpan(Name));
        return entry;
    }
}
