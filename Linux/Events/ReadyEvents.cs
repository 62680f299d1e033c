namespace DmaHeap.Linux;

/// <summary>What a descriptor is ready for, and how to be told of it.</summary>
[Flags]
public enum ReadyEvents : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>EPOLLIN.</summary>
    Readable = 0x1,

    /// <summary>EPOLLPRI: something out of the usual, such as pressure.</summary>
    Urgent = 0x2,

    /// <summary>EPOLLOUT.</summary>
    Writable = 0x4,

    /// <summary>EPOLLERR, always reported.</summary>
    Error = 0x8,

    /// <summary>EPOLLHUP, always reported: both ends are shut.</summary>
    HangUp = 0x10,

    /// <summary>EPOLLRDHUP: the peer closed, or shut its writing end.</summary>
    PeerClosed = 0x2000,

    /// <summary>EPOLLONESHOT: report once, then not until modified.</summary>
    OneShot = 1u << 30,

    /// <summary>EPOLLET: report changes only.</summary>
    EdgeTriggered = 1u << 31,
}

/// <summary>One descriptor that is ready.</summary>
/// <param name="Events">For what.</param>
/// <param name="Data">What was given with it.</param>
public readonly record struct ReadyDescriptor(ReadyEvents Events, ulong Data);
