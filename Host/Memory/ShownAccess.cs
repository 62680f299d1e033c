using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>What a descriptor that was shown entitles an importer to: never more than its own access mode.</summary>
internal static class ShownAccess
{
    /// <param name="direction">Which way the importer moves data.</param>
    /// <param name="shown">The descriptor of the buffer's memory.</param>
    /// <returns>The access mode of the importer's own descriptor: for reading alone where it only reads; and whether that is all the one shown has.</returns>
    /// <exception cref="HeapException">EACCES, naming what the descriptor allows and what the direction needs.</exception>
    public static (FileAccessMode Mode, bool IsAll) For(DataDirection direction, SafeHandle shown)
    {
        var (has, entitles) = DescriptorFlags.GetAccess(shown);
        var (reads, writes) = (has is FileAccessMode.ReadOnly or FileAccessMode.ReadWrite, has is FileAccessMode.WriteOnly or FileAccessMode.ReadWrite);
        var suffices = entitles && direction switch
        {
            DataDirection.ToDevice => reads,
            DataDirection.FromDevice => writes,
            _ => reads && writes,
        };
        var mode = direction == DataDirection.ToDevice ? FileAccessMode.ReadOnly : has;
        if (suffices) return (mode, mode == has);
        throw new HeapException(HeapErrno.Access, HeapCause.AccessDenied,
            $"the descriptor shown is open {(entitles ? Text(has) : "for neither reading nor writing")}, which is not enough to map the buffer {Text(direction)}");
    }

    /// <summary>The direction that asks for as much as a descriptor allows: for a CPU, which may go on as its owner could before.</summary>
    public static DataDirection MostOf(SafeHandle shown) => DescriptorFlags.GetAccessMode(shown) switch
    {
        FileAccessMode.ReadOnly => DataDirection.ToDevice,
        FileAccessMode.WriteOnly => DataDirection.FromDevice,
        _ => DataDirection.Bidirectional,
    };

    private static string Text(FileAccessMode mode) => mode switch
    {
        FileAccessMode.ReadOnly => "for reading",
        FileAccessMode.WriteOnly => "for writing",
        _ => "for reading and writing",
    };

    private static string Text(DataDirection direction) => direction switch
    {
        DataDirection.ToDevice => "for a device that reads (ToDevice)",
        DataDirection.FromDevice => "for a device that writes (FromDevice)",
        _ => "for a device that reads and writes (Bidirectional)",
    };
}
