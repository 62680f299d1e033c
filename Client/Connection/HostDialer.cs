using System.Text;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>Finds the host's socket and connects to it.</summary>
static class HostDialer
{
    /// <summary>Connects; waits while the host has too many waiting to be accepted.</summary>
    /// <param name="path">Where; null for the rule of <see cref="SocketPath"/>.</param>
    /// <exception cref="DmaHeapException">Nobody answers; the message says where was looked and what to try.</exception>
    public static SafeFileHandle Connect(string? path)
    {
        var candidates = path is null ? SocketPath.ForClient(Environment.GetEnvironmentVariable, ProcessIdentity.EffectiveUserId) : [path];
        var looked = new StringBuilder();
        var errno = Errno.ENOENT;
        foreach (var candidate in candidates)
        {
            if (path is null && candidates.Count > 1 && OwnerOfDirectory(candidate) is { } stranger)
            {
                looked.Append(looked.Length > 0 ? ", " : "").Append(candidate).Append($" (its directory belongs to user {stranger}, so it is not asked)");
                continue;
            }

            errno = SeqpacketSocket.TryConnect(candidate, out var connection);
            if (errno == Errno.None) return connection;
            looked.Append(looked.Length > 0 ? ", " : "").Append(candidate).Append(" (").Append(Explain(errno)).Append(')');
            if (errno is not (Errno.ENOENT or Errno.ENOTDIR)) break; // the first that exists is the one
        }

        throw new DmaHeapException(errno, ClientCause.NoHost, $"No dmaheap host answers. Looked at {looked}. {Advice(errno)}");
    }

    /// <summary>The owner of a socket's directory when that is neither this user nor root. Under /tmp anybody could have made it, to be taken for our host.</summary>
    static uint? OwnerOfDirectory(string socket)
    {
        if (FileStatus.TryGet(Path.GetDirectoryName(socket)!, out var status) != Errno.None) return null;
        return status.UserId == 0 || status.UserId == ProcessIdentity.EffectiveUserId ? null : status.UserId;
    }

    static string Explain(Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => "not there",
        Errno.ECONNREFUSED => "left by a host that is gone",
        Errno.EPROTOTYPE => "another kind of socket",
        _ => errno.Describe(),
    };

    static string Advice(Errno errno) => errno switch
    {
        Errno.EACCES or Errno.EPERM => "It belongs to another user's host: ask its owner for access, or start your own with ./dmaheap serve.",
        _ => $"Start one with ./dmaheap serve, or name its socket in {SocketPath.Variable}.",
    };
}
