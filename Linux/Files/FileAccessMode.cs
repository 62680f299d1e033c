namespace DmaHeap.Linux;

/// <summary>The access mode of an open file description (<c>O_ACCMODE</c>).</summary>
public enum FileAccessMode
{
    /// <summary>O_RDONLY.</summary>
    ReadOnly = 0,

    /// <summary>O_WRONLY.</summary>
    WriteOnly = 1,

    /// <summary>O_RDWR.</summary>
    ReadWrite = 2,

    /// <summary>Linux's mode 3: opening needs the right to read and to write, the description then allows neither, only ioctl.</summary>
    IoctlOnly = 3,
}
