using System.Reflection;
using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class CmaHeapOptionsTests
{
    [Fact]
    public void The_defaults_are_valid_and_those_the_metadata_names()
    {
        var options = new CmaHeapOptions();
        Assert.Empty(options.Check());
        Assert.Equal(Metadata(nameof(options.Size)).Default, options.Size.ToString());
        Assert.Equal(Metadata(nameof(options.Pages)).Default, Written(options.Pages));
        Assert.Equal(Metadata(nameof(options.Require)).Default, options.Require.ToString().ToLowerInvariant());
        Assert.Equal("2MiB", Written(CmaPages.Huge));
    }

    [Theory]
    [InlineData("5000B", CmaPages.Machine, "8KiB")]
    [InlineData("3MiB", CmaPages.Huge, "4MiB")]
    [InlineData("4KiB", CmaPages.Huge, "2MiB")]
    public void A_size_that_is_not_whole_pages_is_an_error_that_names_the_next_size(string size, CmaPages pages, string next)
    {
        var error = Assert.Single(new CmaHeapOptions { Size = Size(size), Pages = pages }.Check());
        Assert.Equal(nameof(CmaHeapOptions.Size), error.Property);
        Assert.EndsWith(next, error.Message);
    }

    [Theory]
    [InlineData("4KiB", CmaPages.Machine)]
    [InlineData("1TiB", CmaPages.Machine)]
    [InlineData("2MiB", CmaPages.Huge)]
    public void A_size_of_whole_pages_is_fine(string size, CmaPages pages) =>
        Assert.Empty(new CmaHeapOptions { Size = Size(size), Pages = pages }.Check());

    [Fact]
    public void All_errors_come_at_once_and_physical_contiguity_needs_huge_pages()
    {
        var errors = new CmaHeapOptions { Size = Size("1B"), Require = CmaRequirement.Physical }.Check();
        Assert.Equal([nameof(CmaHeapOptions.Size), nameof(CmaHeapOptions.Require)], errors.Select(error => error.Property));
        Assert.Empty(new CmaHeapOptions { Pages = CmaPages.Huge, Require = CmaRequirement.Physical }.Check());
    }

    [Theory]
    [InlineData("4KiB", false)]
    [InlineData("96KiB", false)]
    [InlineData("128KiB", true)]
    public void On_a_machine_with_larger_pages_the_region_is_made_of_those_or_does_not_start(string size, bool starts)
    {
        var context = new FakeHeapContext();
        context.Memory.Capabilities = context.Memory.Capabilities with { PageSize = 64 << 10 };
        var options = new CmaHeapOptions { Size = Size(size) };
        Assert.Empty(options.Check());
        if (!starts)
        {
            Refuses(() => new CmaHeap(context, options), HeapErrno.NoDevice, HeapCause.Unavailable);
            return;
        }

        using var heap = new CmaHeap(context, options);
        Assert.Equal(64 << 10, heap.Allocate(64 << 10).Memory.PageSize);
    }

    [Fact]
    public void The_largest_region_the_options_allow_can_be_made_and_filled()
    {
        var size = Size(Metadata(nameof(CmaHeapOptions.Size)).Maximum!);
        using var heap = new CmaHeap(new FakeHeapContext(), new CmaHeapOptions { Size = size });
        heap.Allocate(size.Bytes);
        Assert.Equal(0, heap.ReadGauges().Free);
    }

    private static OptionAttribute Metadata(string property) =>
        typeof(CmaHeapOptions).GetProperty(property)!.GetCustomAttribute<OptionAttribute>()!;

    private static string Written(CmaPages pages) =>
        typeof(CmaPages).GetField(pages.ToString())!.GetCustomAttribute<OptionValueAttribute>()!.Text;

    private static ByteSize Size(string text) => ByteSize.TryParse(text, out var size) ? size : throw new FormatException(text);
}
