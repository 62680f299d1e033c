using System.Globalization;
using System.Text;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Who is at the other end of a connection, asked of the kernel once, when it is accepted. Nothing a message says changes it.</summary>
internal static class PeerIdentity
{
    [ThreadStatic]
    private static ReusableDescriptor? t_process;

    public static Caller Of(SafeFileHandle connection)
    {
        var credentials = SocketPeer.GetCredentials(connection);
        return new Caller(
            credentials.UserId, credentials.GroupId, credentials.ProcessId, SocketPeer.GetGroups(connection), ControlGroupOf(connection, credentials.ProcessId));
    }

    /// <summary>The program a client runs now: the path of its executable as the host sees it; empty when that cannot be told.</summary>
    /// <param name="connection">The client's.</param>
    /// <param name="processId">The client.</param>
    /// <param name="last">What it was before: the same string is returned where it is so still, and looking leaves nothing on the managed heap.</param>
    public static string ExecutableOf(SafeFileHandle connection, int processId, string last = "")
    {
        try
        {
            return Proven(connection, processId, last, ReadExecutable);
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
            return Proven(connection, processId, "", static (pid, _) => new FileInfo($"/proc/{pid}/ns/user").LinkTarget);
        }
        catch (ObjectDisposedException)
        {
            return ""; // it has gone meanwhile
        }
    }

    private static string ControlGroupOf(SafeFileHandle connection, int processId) => Proven(connection, processId, "", static (pid, _) => new ControlGroups().FindPath(pid));

    private static string? ReadExecutable(int processId, string last)
    {
        const int LongestPath = 32, LongestTarget = 4096; // which is all that /proc says of one
        Span<byte> path = stackalloc byte[LongestPath], utf8 = stackalloc byte[LongestTarget];
        var prefix = "/proc/"u8;
        prefix.CopyTo(path);
        processId.TryFormat(path[prefix.Length..], out var digits, provider: CultureInfo.InvariantCulture);
        "/exe"u8.CopyTo(path[(prefix.Length + digits)..]); // behind it all is zero
        if (PathCalls.TryReadLink(path, utf8, out var bytes) != Errno.None) return null;
        Span<char> target = stackalloc char[bytes];
        target = target[..Encoding.UTF8.GetChars(utf8[..bytes], target)];
        return target.SequenceEqual(last) ? last : target.ToString();
    }

    // The pid may be another's by the time /proc is read. Holding a pidfd that still stands for a living process afterwards rules that out, where the kernel has it.
    private static string Proven(SafeFileHandle connection, int processId, string last, Func<int, string, string?> read)
    {
        if (processId == 0) return "";
        var process = t_process ??= new ReusableDescriptor();
        var errno = SocketPeer.TryGetProcess(connection, process);
        try
        {
            var text = read(processId, last) ?? "";
            if (errno == Errno.ENOPROTOOPT) return text;
            const int JustAsking = 0;
            return errno == Errno.None && ProcessFd.TrySendSignal(process, JustAsking) is Errno.None or Errno.EPERM ? text : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
        finally
        {
            process.Clear();
        }
    }
}
