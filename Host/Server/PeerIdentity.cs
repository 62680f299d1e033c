using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Who is at the other end of a connection, asked of the kernel once, when it is accepted. Nothing a message says changes it.</summary>
internal static class PeerIdentity
{
    public static Caller Of(SafeFileHandle connection)
    {
        var credentials = SocketPeer.GetCredentials(connection);
        return new Caller(
            credentials.UserId, credentials.GroupId, credentials.ProcessId, SocketPeer.GetGroups(connection), ControlGroupOf(connection, credentials.ProcessId));
    }

    // The pid may be another's by the time /proc is read. Holding a pidfd that still stands for a living process afterwards rules that out, where the kernel has it.
    private static string ControlGroupOf(SafeFileHandle connection, int processId)
    {
        if (processId == 0) return "";
        var errno = SocketPeer.TryGetProcess(connection, out var process);
        using (process)
        {
            var path = new ControlGroups().FindPath(processId) ?? "";
            if (errno == Errno.ENOPROTOOPT) return path;
            const int JustAsking = 0;
            return process is not null && ProcessFd.TrySendSignal(process, JustAsking) is Errno.None or Errno.EPERM ? path : "";
        }
    }
}
