using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>One event.</summary>
/// <param name="Watch">The watch number, -1 for an overflow of the queue.</param>
/// <param name="Mask">What happened.</param>
public readonly record struct InotifyEvent(int Watch, InotifyMask Mask);

/// <summary>Walks the events in a buffer that <see cref="InotifyQueue.TryRead"/> filled, without allocating: use it in a foreach.</summary>
public ref struct InotifyEvents
{
    ReadOnlySpan<byte> _rest;

    /// <summary>Walks a buffer.</summary>
    /// <param name="read">The bytes read, a whole number of events.</param>
    public InotifyEvents(ReadOnlySpan<byte> read) => _rest = read;

    /// <summary>The event reached.</summary>
    public InotifyEvent Current { get; private set; }

    /// <summary>This walk itself.</summary>
    public readonly InotifyEvents GetEnumerator() => this;

    /// <summary>Goes to the next event; false after the last.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        var header = MemoryMarshal.Read<InotifyHeader>(_rest);
        _rest = _rest[(InotifyHeader.Size + checked((int)header.NameLength))..];
        Current = new InotifyEvent(header.Watch, (InotifyMask)header.Mask);
        return true;
    }
}

/// <summary>struct inotify_event, followed by a name of <see cref="NameLength"/> bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct InotifyHeader
{
    public const int Size = 16;

    public int Watch;
    public uint Mask;
    public uint Cookie;
    public uint NameLength;
}
