using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Linux;

public sealed class MemoryTests
{
    const long TwoMiB = 2 << 20;

    static SafeFileHandle Sized(long length, MemfdFlags flags = MemfdFlags.CloseOnExec)
    {
        var memfd = Memfd.Create("test", flags);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(memfd, length));
        return memfd;
    }

    [Fact]
    public void What_one_mapping_writes_another_reads_and_a_hole_reads_as_zeros()
    {
        using var memfd = Sized(1 << 20);
        using var writer = MemoryMapping.Map(memfd, 0, 1 << 20, MapProtection.Read | MapProtection.Write, populate: true);
        using var reader = MemoryMapping.Map(memfd, 0, 1 << 20, MapProtection.Read);
        new Random(1).NextBytes(writer.Span);
        Assert.True(writer.Span.SequenceEqual(reader.Span));
        Assert.Equal(Errno.None, FileSpace.TryPunchHole(memfd, 4096, 8192));
        Assert.False(reader.Slice(4096, 8192).ContainsAnyExcept((byte)0));
        Assert.True(reader.Slice(0, 4096).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_load_through_a_mapping_leaves_a_page_in_a_hole_and_reading_the_file_does_not()
    {
        using var memfd = Sized(1 << 20);
        using var mapping = MemoryMapping.Map(memfd, 0, 1 << 20, MapProtection.Read);
        Assert.Equal(0, RandomAccess.Read(memfd, new byte[1], 0) - 1);
        Assert.Equal(Errno.ENXIO, FileSpace.TryFindData(memfd, 0, out _));

        Assert.Equal(0, mapping.Span[9000]);
        Assert.Equal(Errno.None, FileSpace.TryFindData(memfd, 0, out var page));
        Assert.Equal(9000 / Environment.SystemPageSize * Environment.SystemPageSize, page);

        // Also where the same mapping had a page before.
        Assert.Equal(Errno.None, FileSpace.TryPunchHole(memfd, 0, 1 << 20));
        Assert.Equal(Errno.ENXIO, FileSpace.TryFindData(memfd, 0, out _));
        Assert.Equal(0, mapping.Span[9000]);
        Assert.Equal(Errno.None, FileSpace.TryFindData(memfd, 0, out _));
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(TwoMiB - 4096)]
    [InlineData(TwoMiB)]
    [InlineData(3 * TwoMiB + 1)]
    public void An_aligned_mapping_is_aligned_and_whole_and_leaves_nothing_mapped(long length)
    {
        using var memfd = Sized(length);
        nint address;
        using (var mapping = MemoryMapping.Map(memfd, 0, length, MapProtection.Read | MapProtection.Write, alignment: TwoMiB))
        {
            address = mapping.Address;
            Assert.Equal(0, address % TwoMiB);
            mapping.Span.Fill(0x5A);
            Assert.False(mapping.Span.ContainsAnyExcept((byte)0x5A));
            Assert.True(IsMapped(address));
        }

        Assert.Equal(length, FileStatus.Of(memfd).Length);
        Assert.DoesNotContain(File.ReadLines("/proc/self/maps"), line => line.EndsWith($" {FileStatus.Of(memfd).Inode} /memfd:test (deleted)", StringComparison.Ordinal));
    }

    static bool IsMapped(nint address) =>
        File.ReadLines("/proc/self/maps").Any(line => line.StartsWith($"{address:x}-", StringComparison.Ordinal));

    [Fact]
    public void Refusals_are_answers()
    {
        using var memfd = Sized(4096);
        Assert.Equal(Errno.EINVAL, MemoryMapping.TryMap(memfd, 0, 0, MapProtection.Read, false, 0, out _));
        Assert.Equal(Errno.EINVAL, MemoryMapping.TryMap(memfd, 1, 4096, MapProtection.Read, false, 0, out _));
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memfd, FileAccessMode.ReadOnly, true, out var readOnly));
        using var owned = readOnly;
        Assert.Equal(Errno.EACCES, MemoryMapping.TryMap(readOnly, 0, 4096, MapProtection.Write, false, TwoMiB, out var none));
        Assert.Null(none);
        Assert.Throws<ArgumentException>(() => MemoryMapping.Map(memfd, 0, 4096, MapProtection.Read, alignment: 3 << 20));
    }

    [Fact]
    public void A_part_outside_and_a_part_after_the_end_are_refused()
    {
        using var memfd = Sized(4096);
        var mapping = MemoryMapping.Map(memfd, 0, 4096, MapProtection.Read);
        Assert.Equal(0, mapping.Slice(4096, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapping.Slice(1, 4096).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapping.Slice(long.MaxValue, 1).Length);
        mapping.Dispose();
        Assert.Throws<ObjectDisposedException>(() => mapping.Span.Length);
    }

    [Fact]
    public void Advice_and_sync_reach_the_kernel()
    {
        using var memfd = Sized(1 << 20);
        using var mapping = MemoryMapping.Map(memfd, 0, 1 << 20, MapProtection.Read | MapProtection.Write);
        mapping.Span.Fill(1);
        Assert.Equal(Errno.None, mapping.TrySync());
        Assert.Equal(Errno.None, mapping.TryAdvise(MemoryAdvice.DontDump));
        Assert.Equal(Errno.None, mapping.TryAdvise(MemoryAdvice.Remove));
        Assert.Equal(0, FileStatus.Of(memfd).Blocks);
        Assert.Equal(Errno.None, mapping.TryAdvise(MemoryAdvice.PopulateWrite));
        Assert.Equal((1 << 20) / 512, FileStatus.Of(memfd).Blocks);
        Assert.Equal(Errno.EINVAL, mapping.TryAdvise((MemoryAdvice)9999));
    }

    [Fact]
    public void A_hugetlb_file_of_any_length_is_mapped_and_unmapped_whole()
    {
        if (DmaHeap.Linux.HugePagePool.Read(TwoMiB) is not { } pool) { Assert.Skip("This kernel has no 2 MiB pages."); return; }
        if (pool.Free == 0) Assert.Skip("No 2 MiB page is free.");
        using var memfd = Sized(TwoMiB, MemfdFlags.CloseOnExec | MemfdFlags.Huge2MiB);
        using (var mapping = MemoryMapping.Map(memfd, 0, 4096, MapProtection.Read | MapProtection.Write, alignment: TwoMiB)) mapping.Span.Fill(7);
        Assert.DoesNotContain(File.ReadLines("/proc/self/maps"), line => line.EndsWith($" {FileStatus.Of(memfd).Inode} /memfd:test (deleted)", StringComparison.Ordinal));
    }

    [Fact]
    public void Secret_memory_can_be_mapped_and_not_reopened()
    {
        if (!SecretMemory.IsAvailable) Assert.Skip("This kernel has no memfd_secret, or it is switched off.");
        Assert.Equal(Errno.None, SecretMemory.TryCreate(out var secret));
        using var owned = secret;
        Assert.True(DescriptorFlags.GetCloseOnExec(secret));
        Assert.Equal(Errno.None, FileSpace.TrySetLength(secret, 4096));
        Assert.Equal(Errno.ENXIO, DescriptorReopen.TryOpen(secret, FileAccessMode.ReadOnly, true, out _));
        using var mapping = MemoryMapping.Map(secret, 0, 4096, MapProtection.Read | MapProtection.Write);
        mapping.Span.Fill(3);
        Assert.Equal(3, mapping.Span[4095]);
    }
}
