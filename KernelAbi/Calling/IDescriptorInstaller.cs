using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Calling;

/// <summary>The descriptor table of the process whose call is being answered. What was installed cannot be taken back.</summary>
internal interface IDescriptorInstaller
{
    /// <summary>Installs a duplicate of a file at the lowest free number. EMFILE where there is none, ESRCH where the process or its call is gone.</summary>
    Errno Install(SafeFileHandle file, bool closeOnExec, out int number);

    /// <summary>Whether <see cref="Install"/> would find a free number: None or EMFILE. Asked only when the call fails anyway, to fail as the kernel would.</summary>
    Errno CheckRoom();
}
