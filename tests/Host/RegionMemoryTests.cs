using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Host;

/// <summary>Regions and their ranges as the memory service makes them, over a real file.</summary>
public sealed class RegionMemoryTests : IDisposable
{
    private const long Page = 4096;
    private const byte Old = 0x5A;

    private static readonly MemoryService s_service = TestMemory.Service();

    private readonly TemporaryDirectory _directory = new();

    public RegionMemoryTests() => File.WriteAllBytes(_directory["memory"], [.. Enumerable.Repeat(Old, (int)(16 * Page))]);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_range_is_zeroed_and_nothing_beside_it()
    {
        using var region = Open(Page, 8 * Page);
        using var range = s_service.AllocateRange(region, 2 * Page, 3 * Page);

        var bytes = File.ReadAllBytes(_directory["memory"]);
        Assert.All(bytes[(int)(3 * Page)..(int)(6 * Page)], value => Assert.Equal(0, value));
        Assert.All(bytes[..(int)(3 * Page)].Concat(bytes[(int)(6 * Page)..]), value => Assert.Equal(Old, value));
        Assert.Equal((MemoryKind.Range, 3 * Page, Environment.SystemPageSize), (range.Kind, range.Length, range.PageSize));
    }

    [Fact]
    public void An_importer_gets_the_file_with_the_access_its_direction_needs_and_no_more()
    {
        using var region = Open(Page, 8 * Page);
        using var range = (HostMemory)s_service.AllocateRange(region, 2 * Page, Page);
        using var reading = TestMemory.OpenForImporter(range, DataDirection.ToDevice);
        using var writing = TestMemory.OpenForImporter(range, DataDirection.FromDevice);

        Assert.Equal(3 * Page, range.OffsetInFile);
        Assert.Equal((FileAccessMode.ReadOnly, FileAccessMode.ReadWrite), (DescriptorFlags.GetAccessMode(reading), DescriptorFlags.GetAccessMode(writing)));
        using (var mapping = MemoryMapping.Map(writing, range.OffsetInFile, Page, MapProtection.Read | MapProtection.Write)) mapping.Span.Fill(7);
        Assert.Equal(7, File.ReadAllBytes(_directory["memory"])[3 * Page]);
    }

    [Fact]
    public void What_clients_get_is_a_stand_in_of_the_ranges_length()
    {
        using var region = Open(0, 8 * Page);
        using var range = (HostMemory)s_service.AllocateRange(region, 0, 2 * Page);
        var shown = range.TakeShownFile(MmapPolicy.Allowed, "name");
        using var file = shown.File;

        Assert.True(shown.IsOpaque);
        Assert.Equal(2 * Page, FileStatus.Of(file).Length);
        Assert.Equal(0, FileStatus.Of(file).Blocks);
        Refuses(() => range.OpenDescriptor(), HeapErrno.NotSupported, HeapCause.AccessDenied);
    }

    [Fact]
    public void Ranges_that_live_never_overlap_and_a_range_given_back_can_be_taken_again()
    {
        using var region = Open(0, 8 * Page);
        var first = s_service.AllocateRange(region, 2 * Page, 2 * Page);
        using var beside = s_service.AllocateRange(region, 4 * Page, Page);

        Refuses(() => s_service.AllocateRange(region, Page, 2 * Page), HeapErrno.InputOutput, HeapCause.HeapFault);
        Refuses(() => s_service.AllocateRange(region, 3 * Page, Page), HeapErrno.InputOutput, HeapCause.HeapFault);
        first.Dispose();
        first.Dispose();
        using var again = s_service.AllocateRange(region, Page, 2 * Page);
        Refuses(() => TestMemory.OpenForImporter((HostMemory)first, DataDirection.ToDevice), HeapErrno.InputOutput, HeapCause.HeapFault);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 0)]
    [InlineData(0, -1)]
    [InlineData(7, 2)]
    [InlineData(1, long.MaxValue / Page)]
    public void A_range_outside_the_region_is_the_heaps_fault(long page, long pages)
    {
        using var region = Open(0, 8 * Page);
        Refuses(() => s_service.AllocateRange(region, page * Page, pages * Page), HeapErrno.InputOutput, HeapCause.HeapFault);
    }

    [Fact]
    public void A_region_keeps_others_from_its_bytes_for_as_long_as_it_is_open()
    {
        using (Open(0, 8 * Page))
        {
            var refusal = Refuses(() => Open(7 * Page, 2 * Page), HeapErrno.Busy, HeapCause.RangeInUse);
            Assert.Contains(_directory["memory"], refusal.Message);
            using var beside = Open(8 * Page, 8 * Page);
        }

        using var after = Open(7 * Page, 2 * Page);
    }

    [Theory]
    [InlineData("memory", 0, 17, "has 65536 bytes (64 KiB), and the region would end at 69632")]
    [InlineData("absent", 0, 1, "cannot be found: ENOENT")]
    [InlineData(".", 0, 1, "is no regular file, block device or device-DAX node")]
    [InlineData("/dev/null", 0, 1, "is a character device, and not one of device-DAX")]
    [InlineData("/proc/self/mem", 0, long.MaxValue / Page, "has no length: EINVAL")]
    public void A_region_that_cannot_be_says_why(string name, long page, long pages, string why)
    {
        var path = name.StartsWith('/') ? name : _directory[name];
        var refusal = Refuses(() => Open(path, page * Page, pages * Page), HeapErrno.NoDevice, HeapCause.Unavailable);
        Assert.Contains(why, refusal.Message);
        Assert.StartsWith(path, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_region_is_asked_for_in_whole_pages_and_by_an_absolute_path()
    {
        foreach (var act in new Action[] { () => Open(1, Page), () => Open(0, Page + 1), () => Open(0, 0), () => Open("memory", 0, Page) })
        {
            Refuses(act, HeapErrno.NoDevice, HeapCause.Unavailable);
        }
    }

    [Fact]
    public void A_regular_file_that_became_shorter_grows_again_where_a_range_is_zeroed()
    {
        using var region = Open(0, 8 * Page);
        using (var file = File.OpenWrite(_directory["memory"])) file.SetLength(0);

        using var range = s_service.AllocateRange(region, 0, Page);
        Assert.Equal(Page, new FileInfo(_directory["memory"]).Length);
    }

    private IMemoryRegion Open(long offset, long length) => Open(_directory["memory"], offset, length);

    private static IMemoryRegion Open(string path, long offset, long length) =>
        s_service.OpenRegion(new RegionRequest { Path = path, Offset = offset, Length = length });
}
