using System.Diagnostics;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Host;

/// <summary>Regions of what is no ordinary file: a block device, huge pages, a full file system. What the machine does not have is skipped.</summary>
public sealed class RegionDeviceTests : IDisposable
{
    private const long HugePage = 2L << 20;
    private const byte Old = 0x5A;

    private static readonly MemoryService s_service = TestMemory.Service();

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_block_device_is_divided_zeroed_and_mapped()
    {
        OtherUser.SkipUnlessRoot();
        const int Size = 1 << 20;
        File.WriteAllBytes(_directory["disk"], [.. Enumerable.Repeat(Old, Size)]);
        var (exit, device) = Run("losetup", "--find", "--show", _directory["disk"]);
        Assert.SkipUnless(exit == 0, "no loop device is to be had: " + device);
        try
        {
            using var region = s_service.OpenRegion(new RegionRequest { Path = device, Offset = 4096, Length = Size - 4096 });
            Refuses(() => s_service.OpenRegion(new RegionRequest { Path = device, Length = 8192 }), HeapErrno.Busy, HeapCause.RangeInUse);
            var refusal = Refuses(() => s_service.OpenRegion(new RegionRequest { Path = device, Length = 2 * Size }), HeapErrno.NoDevice, HeapCause.Unavailable);
            Assert.Contains($"has {Size} bytes", refusal.Message);

            using var range = (HostMemory)s_service.AllocateRange(region, 8192, 4096);
            using var importer = TestMemory.OpenForImporter(range, DataDirection.FromDevice);
            Assert.True(FileStatus.Of(importer).IsBlockDevice);
            using var whole = MemoryMapping.Map(importer, 0, Size, MapProtection.Read | MapProtection.Write);
            Assert.All(whole.Slice(range.OffsetInFile, 4096).ToArray(), value => Assert.Equal(0, value));
            Assert.Equal((Old, Old), (whole.Span[(int)range.OffsetInFile - 1], whole.Span[(int)range.OffsetInFile + 4096]));
        }
        finally
        {
            Run("losetup", "--detach", device);
        }
    }

    [Fact]
    public void A_file_on_hugetlbfs_is_divided_by_its_pages_and_says_when_the_machine_has_none_left()
    {
        OtherUser.SkipUnlessRoot();
        var free = DmaHeap.Linux.HugePagePool.Read(HugePage)?.Free ?? 0;
        Assert.SkipUnless(free >= 2, $"{free} huge pages of 2 MiB are free and 2 are needed: reserve some (vm.nr_hugepages)");
        InOwnMountNamespace(() =>
        {
            var (exit, output) = Run("mount", "-t", "hugetlbfs", "-o", "pagesize=2M,size=4M", "none", _directory.Path);
            Assert.SkipUnless(exit == 0, "hugetlbfs cannot be mounted: " + output);
            using (var file = File.Create(_directory["memory"])) file.SetLength(4 * HugePage);
            using var region = s_service.OpenRegion(new RegionRequest { Path = _directory["memory"], Length = 4 * HugePage });
            Assert.Equal(HugePage, region.PageSize);
            Refuses(() => s_service.OpenRegion(new RegionRequest { Path = _directory["memory"], Offset = 4096, Length = HugePage }), HeapErrno.NoDevice, HeapCause.Unavailable);

            using var range = (HostMemory)s_service.AllocateRange(region, HugePage, HugePage);
            using (var importer = TestMemory.OpenForImporter(range, DataDirection.FromDevice))
            using (var mapping = MemoryMapping.Map(importer, range.OffsetInFile, HugePage, MapProtection.Read | MapProtection.Write))
            {
                mapping.Span.Fill(Old);
            }

            range.Dispose();
            using var again = (HostMemory)s_service.AllocateRange(region, HugePage, HugePage);
            using (var importer = TestMemory.OpenForImporter(again, DataDirection.ToDevice))
            using (var mapping = MemoryMapping.Map(importer, again.OffsetInFile, HugePage, MapProtection.Read))
            {
                Assert.Equal(-1, mapping.Span.IndexOfAnyExcept((byte)0));
            }

            using var second = s_service.AllocateRange(region, 0, HugePage);
            Refuses(() => s_service.AllocateRange(region, 2 * HugePage, HugePage), HeapErrno.NoMemory, HeapCause.NoHugePages); // the file system's size is used up
        });
    }

    [Fact]
    public void A_full_file_system_is_no_memory_and_not_the_end_of_the_host()
    {
        OtherUser.SkipUnlessRoot();
        InOwnMountNamespace(() =>
        {
            Assert.Equal(Errno.None, MountNamespace.TryMountMemory(_directory.Path, "size=64k", programs: false));
            using (var file = File.Create(_directory["memory"])) file.SetLength(1 << 20); // sparse: more than there is room for
            using var region = s_service.OpenRegion(new RegionRequest { Path = _directory["memory"], Length = 1 << 20 });

            Refuses(() => s_service.AllocateRange(region, 0, 1 << 20), HeapErrno.NoMemory, HeapCause.System);
            Assert.Throws<HeapException>(() => s_service.AllocateRange(region, 0, 1 << 20)); // the range was given back, so it is the system's refusal again
        });
    }

    // On a thread of its own, which ends with the namespace and all that was mounted in it.
    private static void InOwnMountNamespace(Action act)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Assert.Equal(Errno.None, MountNamespace.TryUnshare());
                act();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            process.WaitForExit();
            return (process.ExitCode, output.Trim());
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return (-1, exception.Message);
        }
    }
}
