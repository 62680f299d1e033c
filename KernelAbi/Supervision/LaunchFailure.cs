using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Says why a program was not started.</summary>
internal static class LaunchFailure
{
    /// <returns>Null where it was.</returns>
    public static SupervisionException? Of(Exception? failure, Errno filter, Errno start)
    {
        if (failure is not null)
        {
            return new SupervisionException(
                SupervisionStage.Directory, (failure as LinuxException)?.Errno ?? Errno.EIO, $"{HeapDirectory.Path} cannot be shown to the program: {failure.Message}");
        }

        if (filter != Errno.None) return new SupervisionException(SupervisionStage.Filter, filter, Explain(filter));
        return start == Errno.None ? null : new SupervisionException(SupervisionStage.Program, start, start.Describe());
    }

    private static string Explain(Errno errno) => errno switch
    {
        Errno.EBUSY => "system calls of this process are supervised already (by another dmaheap exec, or another user of seccomp's notifications), and the kernel allows one supervisor",
        Errno.EINVAL => "this kernel is too old for it: Linux 5.19 or newer is needed, with seccomp filters",
        Errno.EPERM or Errno.ENOSYS or Errno.EACCES => $"system calls may not be supervised here ({errno}): a container must allow seccomp(2)",
        _ => $"system calls cannot be supervised: seccomp: {errno}, {errno.Describe()}",
    };
}
