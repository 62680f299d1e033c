using System.Runtime.InteropServices;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>Numbers and structs, held against the kernel's own headers where they are installed.</summary>
public sealed class IoctlNumberTests
{
    [Fact]
    public void Numbers_and_structs_are_those_of_the_kernels_headers()
    {
        var native = NativeProgram.Run("dma_buf_uapi.c");
        if (native.Count == 0) Assert.Skip("The kernel's headers (linux-libc-dev) are not installed.");
        var ours = Ours();
        Assert.Subset(ours.Keys.ToHashSet(), native.Keys.ToHashSet());
        Assert.All(native, pair => Assert.Equal((pair.Key, pair.Value), (pair.Key, ours[pair.Key])));
    }

    [Fact]
    public void A_number_made_of_its_parts_has_them()
    {
        foreach (var size in new[] { 0, 1, 24, IoctlNumber.MaxSize })
        {
            foreach (var (writes, reads) in new[] { (false, false), (false, true), (true, false), (true, true) })
            {
                var number = IoctlNumber.Make(writes, reads, '\xFE', 0xFD, size);
                Assert.Equal((writes, reads, '\xFE', (byte)0xFD, size), (number.CopiesIn, number.CopiesOut, number.Type, number.Number, number.Size));
            }
        }
    }

    [Fact]
    public void Of_the_syscalls_argument_the_upper_half_is_ignored() =>
        Assert.Equal(new IoctlNumber(KnownIoctls.Allocate), IoctlNumber.FromArgument(0xFFFF_FFFF_0000_0000 | KnownIoctls.Allocate));

    [Fact]
    public void Known_numbers_are_made_of_what_the_documentation_says()
    {
        Assert.Equal(KnownIoctls.Allocate, IoctlNumber.Make(true, true, 'H', 0, 24).Value);
        Assert.Equal(KnownIoctls.Sync, IoctlNumber.Make(true, false, 'b', 0, 8).Value);
        Assert.Equal(KnownIoctls.SetNameA, IoctlNumber.Make(true, false, 'b', 1, 4).Value);
        Assert.Equal(KnownIoctls.SetNameB, IoctlNumber.Make(true, false, 'b', 1, 8).Value);
        Assert.Equal(KnownIoctls.ExportSyncFile, IoctlNumber.Make(true, true, 'b', 2, 8).Value);
        Assert.Equal(KnownIoctls.ImportSyncFile, IoctlNumber.Make(true, false, 'b', 3, 8).Value);
        Assert.Equal(KnownIoctls.UdmabufCreate, IoctlNumber.Make(true, false, 'u', 0x42, 24).Value);
        Assert.Equal(KnownIoctls.UdmabufCreateList, IoctlNumber.Make(true, false, 'u', 0x43, 8).Value);
    }

    private static Dictionary<string, long> Ours() => new()
    {
        ["DMA_HEAP_IOCTL_ALLOC"] = KnownIoctls.Allocate,
        ["DMA_BUF_IOCTL_SYNC"] = KnownIoctls.Sync,
        ["DMA_BUF_SET_NAME_A"] = KnownIoctls.SetNameA,
        ["DMA_BUF_SET_NAME_B"] = KnownIoctls.SetNameB,
        ["DMA_BUF_IOCTL_EXPORT_SYNC_FILE"] = KnownIoctls.ExportSyncFile,
        ["DMA_BUF_IOCTL_IMPORT_SYNC_FILE"] = KnownIoctls.ImportSyncFile,
        ["UDMABUF_CREATE"] = KnownIoctls.UdmabufCreate,
        ["UDMABUF_CREATE_LIST"] = KnownIoctls.UdmabufCreateList,
        ["DMA_BUF_NAME_LEN"] = CallerText.MostBytes,
        ["DMA_BUF_SYNC_READ"] = (long)SyncFlags.Read,
        ["DMA_BUF_SYNC_WRITE"] = (long)SyncFlags.Write,
        ["DMA_BUF_SYNC_RW"] = (long)SyncFlags.Both,
        ["DMA_BUF_SYNC_END"] = (long)SyncFlags.End,
        ["UDMABUF_FLAGS_CLOEXEC"] = UdmabufData.CloseOnExec,
        ["sizeof(dma_heap_allocation_data)"] = Marshal.SizeOf<AllocationData>(),
        ["dma_heap_allocation_data.len"] = Marshal.OffsetOf<AllocationData>(nameof(AllocationData.Length)),
        ["dma_heap_allocation_data.fd"] = Marshal.OffsetOf<AllocationData>(nameof(AllocationData.Descriptor)),
        ["dma_heap_allocation_data.fd_flags"] = Marshal.OffsetOf<AllocationData>(nameof(AllocationData.DescriptorFlags)),
        ["dma_heap_allocation_data.heap_flags"] = Marshal.OffsetOf<AllocationData>(nameof(AllocationData.HeapFlags)),
        ["sizeof(dma_buf_export_sync_file)"] = Marshal.SizeOf<SyncFileData>(),
        ["dma_buf_export_sync_file.flags"] = Marshal.OffsetOf<SyncFileData>(nameof(SyncFileData.Flags)),
        ["dma_buf_export_sync_file.fd"] = Marshal.OffsetOf<SyncFileData>(nameof(SyncFileData.Descriptor)),
        ["sizeof(dma_buf_import_sync_file)"] = SyncFileData.Size,
        ["dma_buf_import_sync_file.fd"] = SyncFileData.DescriptorOffset,
        ["sizeof(udmabuf_create)"] = Marshal.SizeOf<UdmabufData>(),
        ["udmabuf_create.memfd"] = Marshal.OffsetOf<UdmabufData>(nameof(UdmabufData.Memfd)),
        ["udmabuf_create.flags"] = Marshal.OffsetOf<UdmabufData>(nameof(UdmabufData.Flags)),
        ["udmabuf_create.offset"] = Marshal.OffsetOf<UdmabufData>(nameof(UdmabufData.Offset)),
        ["udmabuf_create.size"] = Marshal.OffsetOf<UdmabufData>(nameof(UdmabufData.Length)),
    };
}
