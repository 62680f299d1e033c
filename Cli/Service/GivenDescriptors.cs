using System.Globalization;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Service;

/// <summary>What the service manager passes at the start, see sd_listen_fds(3): the socket that it made, and descriptors of buffers that it kept.</summary>
/// <param name="Socket">Where to listen; null where the host makes its own.</param>
/// <param name="Path">Where that socket is.</param>
/// <param name="Stored">What it kept (<c>FDSTORE=1</c>), with the name under which it is to forget it.</param>
sealed record GivenDescriptors(SafeFileHandle? Socket, string? Path, IReadOnlyList<StoredBuffer> Stored)
{
    const int First = 3;
    const string Process = "LISTEN_PID", Count = "LISTEN_FDS", Names = "LISTEN_FDNAMES";

    // The service manager's own word for what was stored without a name, and ours for a buffer, with its user or without.
    const string Unnamed = "stored", Buffer = "buffer", BufferOf = Buffer + "-";

    /// <summary>Takes all that was passed, so that no program started from here takes it for its own.</summary>
    /// <exception cref="CommandFailedException">What is to be listened on is nothing that clients can connect to.</exception>
    public static GivenDescriptors Take()
    {
        var (process, count) = (Read(Process), Read(Count));
        var names = Environment.GetEnvironmentVariable(Names)?.Split(':') ?? [];
        foreach (var variable in new[] { Process, Count, Names }) Environment.SetEnvironmentVariable(variable, null);
        if (count is null || process != Environment.ProcessId) return new GivenDescriptors(null, null, []); // meant for another process, which passed its environment on
        var (sockets, stored) = (new List<(SafeFileHandle Socket, string Path)>(), new List<StoredBuffer>());
        for (var i = 0; i < count; i++)
        {
            var (given, name) = (TakeOne(First + i), names.ElementAtOrDefault(i) ?? "");
            if (IsStored(given, name)) stored.Add(new StoredBuffer(given, OwnerIn(name), name));
            else sockets.Add((given, PathOf(given, First + i)));
        }

        if (sockets.Count > 1) throw Refused($"{sockets.Count} sockets were passed by the service manager ({Count}); one socket is served");
        return sockets is [var socket] ? new GivenDescriptors(socket.Socket, socket.Path, stored) : new GivenDescriptors(null, null, stored);
    }

    // What is inherited has passed an exec: with a flag that closes it there it is one of this process's own, which must not be taken away from whoever has it.
    static SafeFileHandle TakeOne(int number)
    {
        try
        {
            using var borrowed = new SafeFileHandle(number, ownsHandle: false);
            if (DescriptorFlags.GetCloseOnExec(borrowed)) throw Refused($"descriptor {number} was not passed by the service manager, whose {Count} says so");
            DescriptorFlags.SetCloseOnExec(borrowed, true);
            return new SafeFileHandle(number, ownsHandle: true);
        }
        catch (LinuxException closed)
        {
            throw Refused($"descriptor {number}, passed by the service manager, cannot be used: {closed.Message}");
        }
    }

    // A memfd is nothing to listen on, whatever it is called.
    static bool IsStored(SafeFileHandle given, string name) =>
        name is Unnamed or Buffer || name.StartsWith(BufferOf, StringComparison.Ordinal) || FileSeals.TryGet(given, out _) == Errno.None;

    static uint OwnerIn(string name) =>
        name.StartsWith(BufferOf, StringComparison.Ordinal) && uint.TryParse(name[BufferOf.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var user) && user != uint.MaxValue
            ? user
            : ProcessIdentity.EffectiveUserId;

    static string PathOf(SafeFileHandle socket, int number)
    {
        if (SocketStatus.TryGet(socket, out var status) is var errno and not Errno.None) throw Refused($"descriptor {number}, passed by the service manager, is no socket: {errno.Describe()}");
        if (status.IsUnix && status.Path.Length == 0) throw Refused($"descriptor {number}, passed by the service manager, is a socket without a path, where no client would find it");
        return status.Path; // of what kind it is, the host itself checks
    }

    static CommandFailedException Refused(string why) => new(ExitCode.Failed, "socket-activation", why + ".");

    static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
