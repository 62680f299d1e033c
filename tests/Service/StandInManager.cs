using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Service;

/// <summary>Starts <c>dmaheap serve</c> as a service manager does: what it passes is descriptor 3 and those that follow, told by variables. A shell forks, places them, and becomes the service.</summary>
internal static class StandInManager
{
    /// <param name="sandbox">Where.</param>
    /// <param name="passed">What is passed, each with its name.</param>
    /// <param name="process">Whom the variables are meant for; the service itself unless said otherwise.</param>
    /// <param name="count">How many it says; as many as there are unless said otherwise.</param>
    /// <param name="notify">Its own socket; empty for none.</param>
    /// <param name="arguments">More for the service.</param>
    public static RunningProgram Serve(
        CliSandbox sandbox, IReadOnlyList<(SafeFileHandle Descriptor, string Name)> passed, string process = "$$", int? count = null, string notify = "", string arguments = "")
    {
        var places = string.Concat(passed.Select((one, i) => $" {3 + i}{SourceOf(one.Descriptor)}"));
        var names = string.Join(':', passed.Select(one => one.Name));
        var program = Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");
        var variables = $"LISTEN_PID={process} LISTEN_FDS={count ?? passed.Count} LISTEN_FDNAMES={names}{(notify.Length > 0 ? $" NOTIFY_SOCKET={notify}" : "")}";
        SafeFileHandle[] inherited = [.. passed.Select(one => one.Descriptor).Where(IsSocket)];
        foreach (var socket in inherited) DescriptorFlags.SetCloseOnExec(socket, false);
        try
        {
            return sandbox.StartOther("bash", "-c", $"exec{places}; {variables} exec \"$0\" serve --json{arguments}", program);
        }
        finally
        {
            foreach (var socket in inherited) DescriptorFlags.SetCloseOnExec(socket, true);
        }
    }

    // A file is opened anew: what is inherited, every program that happens to be started at the same moment has as well. A socket cannot be.
    private static string SourceOf(SafeFileHandle descriptor)
    {
        var number = descriptor.DangerousGetHandle();
        return IsSocket(descriptor) ? FormattableString.Invariant($"<&{number}") : FormattableString.Invariant($"<>/proc/{Environment.ProcessId}/fd/{number}");
    }

    private static bool IsSocket(SafeFileHandle descriptor) => SocketStatus.TryGet(descriptor, out _) == Errno.None;
}
