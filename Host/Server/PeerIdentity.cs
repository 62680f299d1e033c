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

    /// <summary>The program a client runs now: the path of its executable as the host sees it; empty when that cannot be told.</summary>
    public static string ExecutableOf(SafeFileHandle connection, int processId)
    {
        try
        {
            return Proven(connection, processId, static pid => File.ResolveLinkTarget($"/proc/{pid}/exe", returnFinalTarget: false)?.FullName);
        }
        catch (ObjectDisposedException)
        {
            return ""; // it has gone meanwhile
        }
    }

    /// <summary>The user namespace a client is in, as the kernel calls it; empty when that cannot be told.</summary>
    public static string UserNamespaceOf(SafeFileHandle connection, int processId)
    {
        try
        {
            return Proven(connection, processId, static pid => new FileInfo($"/proc/{pid}/ns/user").LinkTarget);
        }
        catch (ObjectDisposedException)
        {
            return ""; // it has gone meanwhile
        }
    }

    private static string ControlGroupOf(SafeFileHandle connection, int processId) => Proven(connection, processId, static pid => new ControlGroups().FindPath(pid));

    // The pid may be another's by the time /proc is read. Holding a pidfd that still stands for a living process afterwards rules that out, where the kernel has it.
    private static string Proven(SafeFileHandle connection, int processId, Func<int, string?> read)
    {
        if (processId == 0) return "";
        var errno = SocketPeer.TryGetProcess(connection, out var process);
        using (process)
        {
            string text;
            try
            {
                text = read(processId) ?? "";
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return "";
            }

            if (errno == Errno.ENOPROTOOPT) return text;
            const int JustAsking = 0;
            return process is not null && ProcessFd.TrySendSignal(process, JustAsking) is Errno.None or Errno.EPERM ? text : "";
        }
    }
}
