using System.Globalization;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Service;

/// <summary>Socket activation: the service manager made the socket, and passes it as descriptor 3. See sd_listen_fds(3).</summary>
static class GivenSockets
{
    const int First = 3;
    const string Process = "LISTEN_PID", Count = "LISTEN_FDS", Names = "LISTEN_FDNAMES";

    /// <summary>Takes the socket, so that no program started from here takes it for its own.</summary>
    /// <returns>The socket and where it is; null when none is given.</returns>
    /// <exception cref="CommandFailedException">It is not one that clients can connect to.</exception>
    public static (SafeFileHandle Socket, string Path)? Take()
    {
        var (process, count) = (Read(Process), Read(Count));
        foreach (var variable in new[] { Process, Count, Names }) Environment.SetEnvironmentVariable(variable, null);
        if (count is null || process != Environment.ProcessId) return null; // meant for another process, which passed its environment on
        if (count != 1) throw Refused($"{count} sockets were passed by the service manager ({Count}); one socket is served");
        var socket = new SafeFileHandle(First, ownsHandle: true);
        try
        {
            DescriptorFlags.SetCloseOnExec(socket, true);
            if (SocketStatus.TryGet(socket, out var status) is var errno and not Errno.None) throw Refused($"descriptor {First}, passed by the service manager, is no socket: {errno.Describe()}");
            if (status.IsUnix && status.Path.Length == 0) throw Refused($"descriptor {First}, passed by the service manager, is a socket without a path, where no client would find it");
            return (socket, status.Path); // of what kind it is, the host itself checks
        }
        catch (LinuxException closed)
        {
            throw Refused($"descriptor {First}, passed by the service manager, cannot be used: {closed.Message}");
        }
    }

    static CommandFailedException Refused(string why) => new(ExitCode.Failed, "socket-activation", why + ".");

    static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
