using System.Text;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Server;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

public sealed partial class DmaHeapHost
{
    private const int MaxNameBytes = 31;

    /// <summary>Which buffer a descriptor is.</summary>
    /// <param name="shown">Any descriptor, of any process's; it stays the caller's.</param>
    /// <returns>Null when it is no buffer of this host.</returns>
    public ShownBuffer? Identify(SafeFileHandle shown)
    {
        ArgumentNullException.ThrowIfNull(shown);
        var core = Core;
        var buffer = core.Watches.Identify(shown, isKept: false) is not { } record
            ? null
            : new ShownBuffer(new BufferId(core.Epoch, record.Sequence), record.Heap.Name, record.Length, record.Memory.MappedPageSize, Replies.FlagsOf(record));
        GC.KeepAlive(shown); // it keeps the buffer from ending meanwhile
        return buffer;
    }

    /// <summary>Names a buffer, as DMA_BUF_SET_NAME does; the last name wins.</summary>
    /// <param name="shown">A descriptor of the buffer, of any access mode; it stays the caller's.</param>
    /// <param name="name">At most 31 bytes of UTF-8; empty takes the name away.</param>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host, or the name is too long or holds a NUL.</exception>
    public void SetName(SafeFileHandle shown, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes || name.Contains('\0'))
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadName, $"a buffer's name has at most {MaxNameBytes} bytes and no NUL");
        }

        ArgumentNullException.ThrowIfNull(shown);
        Core.LookAt(shown).Name = name;
        GC.KeepAlive(shown); // it keeps the buffer from ending meanwhile
    }

    /// <summary>Tells the heap that CPU access begins. Nothing happens where it has no hooks (<see cref="BufferFlags.CpuAccessHooks"/>).</summary>
    /// <param name="shown">A descriptor of the buffer, of any access mode; it stays the caller's.</param>
    /// <param name="direction">What the CPU does.</param>
    /// <param name="caller">Who does it.</param>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host. Else the hook's own error.</exception>
    public void BeginCpuAccess(SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        using var scope = CurrentRequest.EnterEmbedded();
        Core.CpuAccess.Begin(Find(shown), shown, direction, caller);
    }

    /// <summary>Tells the heap that CPU access ends.</summary>
    /// <param name="shown">A descriptor of the buffer, of any access mode; it stays the caller's.</param>
    /// <param name="direction">As it was begun.</param>
    /// <param name="caller">Who ends it.</param>
    /// <returns>False, and the heap is not told, when no such access was begun through <see cref="BeginCpuAccess"/>.</returns>
    /// <exception cref="HeapException">EINVAL: it is no buffer of this host. Else the hook's own error; the access counts as ended.</exception>
    public bool EndCpuAccess(SafeFileHandle shown, DataDirection direction, Caller caller)
    {
        using var scope = CurrentRequest.EnterEmbedded();
        return Core.CpuAccess.End(Find(shown), shown, direction, caller);
    }

    private BufferRecord Find(SafeFileHandle shown)
    {
        ArgumentNullException.ThrowIfNull(shown);
        return Core.Find(shown);
    }
}
