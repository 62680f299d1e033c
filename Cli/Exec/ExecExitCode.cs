using DmaHeap.KernelAbi;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Exec;

/// <summary>Exit codes of <c>dmaheap exec</c> where the program has none: as env(1) and others that start a program have them.</summary>
static class ExecExitCode
{
    /// <summary>exec itself failed.</summary>
    public const int Failed = 125;

    /// <summary>The program is there and cannot be run.</summary>
    public const int NotExecutable = 126;

    /// <summary>There is no such program.</summary>
    public const int NotFound = 127;

    public static int Of(SupervisionException exception) => (exception.Stage, exception.Errno) switch
    {
        (SupervisionStage.Program, Errno.ENOENT or Errno.ENOTDIR) => NotFound,
        (SupervisionStage.Program, _) => NotExecutable,
        _ => Failed,
    };
}
