namespace DmaHeap.Protocol;

/// <summary>Fixed numbers of the protocol.</summary>
public static class ProtocolConstants
{
    /// <summary>"DMAH", read as a little-endian number: the first field of a hello.</summary>
    public const uint Magic = 0x4841_4D44;

    /// <summary>Major version: both sides must have the same.</summary>
    public const ushort MajorVersion = 1;

    /// <summary>Minor version: each side uses what both know.</summary>
    public const ushort MinorVersion = 0;

    /// <summary>Largest message in bytes, either way.</summary>
    public const int MaxMessageBytes = 32 * 1024;

    /// <summary>Most descriptors in one message: the kernel's own limit, SCM_MAX_FD.</summary>
    public const int MaxDescriptors = 253;

    /// <summary>Access mode bits of <see cref="AllocateRequest.FileFlags"/> (O_ACCMODE). Mode 3 is allowed, as on the real interface.</summary>
    public const uint AccessModeMask = 3;

    /// <summary>O_CLOEXEC as in <see cref="AllocateRequest.FileFlags"/>, the same number on x86-64 and arm64. The receiver of a descriptor decides with MSG_CMSG_CLOEXEC.</summary>
    public const uint CloseOnExec = 0x80000;
}
