using System.Runtime.InteropServices;

namespace DmaHeap.KernelAbi.Calls;

/// <summary>struct udmabuf_create.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UdmabufData
{
    public const int Size = 24;

    /// <summary>UDMABUF_FLAGS_CLOEXEC, the only flag there is; the kernel ignores the others.</summary>
    public const uint CloseOnExec = 1;

    public uint Memfd;
    public uint Flags;
    public ulong Offset;
    public ulong Length;
}
