namespace DmaHeap.KernelAbi.Calls;

/// <summary>The numbers of linux/dma-heap.h, linux/dma-buf.h and linux/udmabuf.h.</summary>
internal static class KnownIoctls
{
    /// <summary>The types whose ioctls leave the fast path.</summary>
    public static ReadOnlySpan<char> Types => ['H', 'b', 'u'];

    public const uint Allocate = 0xC0184800;
    public const uint Sync = 0x40086200;
    public const uint SetNameA = 0x40046201, SetNameB = 0x40086201;
    public const uint ExportSyncFile = 0xC0086202, ImportSyncFile = 0x40086203;
    public const uint UdmabufCreate = 0x40187542, UdmabufCreateList = 0x40087543;

    /// <summary>Whether it asks for a buffer made of memfds that are there already.</summary>
    public static bool AsksForUdmabuf(IoctlNumber number) => number.Value is UdmabufCreate or UdmabufCreateList;
}
