namespace DmaHeap.Linux;

/// <summary>Events and options of inotify.</summary>
[Flags]
public enum InotifyMask : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>IN_CLOSE_WRITE: a file that was open for writing was closed.</summary>
    CloseWrite = 0x8,

    /// <summary>IN_MOVED_FROM: an entry of the watched directory was renamed away.</summary>
    MovedFrom = 0x40,

    /// <summary>IN_MOVED_TO: something was renamed to an entry of the watched directory.</summary>
    MovedTo = 0x80,

    /// <summary>IN_CREATE: the watched directory has a new entry.</summary>
    Create = 0x100,

    /// <summary>IN_DELETE: an entry of the watched directory was removed.</summary>
    Delete = 0x200,

    /// <summary>IN_MOVE_SELF: the watched file itself was renamed.</summary>
    MoveSelf = 0x800,

    /// <summary>IN_DELETE_SELF: the watched file is gone with its last reference, mappings included.</summary>
    DeleteSelf = 0x400,

    /// <summary>IN_Q_OVERFLOW: events were lost; its watch number is -1. Look at <see cref="InotifyQueue.CopyLiveWatches"/>.</summary>
    QueueOverflow = 0x4000,

    /// <summary>IN_IGNORED: the watch is gone.</summary>
    Ignored = 0x8000,

    /// <summary>IN_ONLYDIR, adding only: ENOTDIR where it is no directory.</summary>
    OnlyDirectory = 0x0100_0000,

    /// <summary>IN_MASK_CREATE (4.18), adding only: EEXIST where the file is watched already.</summary>
    MaskCreate = 0x1000_0000,

    /// <summary>IN_MASK_ADD, adding only: add to the mask of a watch there already is instead of replacing it.</summary>
    MaskAdd = 0x2000_0000,
}
