using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>Turns a failed system call of the host into the refusal a client gets.</summary>
internal static class SystemRefusal
{
    public static HeapException From(Errno errno, string doing) => errno switch
    {
        Errno.EMFILE or Errno.ENFILE => new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors,
            $"{doing}: the host has no descriptor left; raise its RLIMIT_NOFILE, or have clients read what was sent to them"),
        Errno.ENOMEM or Errno.ENOSPC => new HeapException(HeapErrno.NoMemory, HeapCause.System, $"{doing}: {errno.Describe()}"),
        _ => new HeapException((HeapErrno)(int)errno, HeapCause.System, $"{doing}: {errno}, {errno.Describe()}"),
    };
}
