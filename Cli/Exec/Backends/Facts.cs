using DmaHeap.KernelAbi;
using DmaHeap.Protocol;

namespace DmaHeap.Cli.Exec.Backends;

/// <summary>What the ioctls need to know of a buffer, of what the host says of it.</summary>
static class Facts
{
    public static BufferFacts Of(long length, BufferFlags flags)
    {
        var traits = BufferTraits.None;
        if ((flags & BufferFlags.CpuAccessHooks) != 0) traits |= BufferTraits.CpuAccessHooks;
        if ((flags & BufferFlags.Opaque) != 0) traits |= BufferTraits.Opaque;
        return new BufferFacts(length, traits);
    }
}
