using System.Runtime.CompilerServices;
using System.Text;

namespace DmaHeap.Linux;

/// <summary>struct sockaddr_un, for a path.</summary>
public struct UnixAddress
{
    /// <summary>The longest path of a socket file, in UTF-8 bytes, without the terminating zero.</summary>
    public const int MaxPathLength = PathSize - 1;

    internal const int PathSize = 108;
    internal const int PathOffset = 2;

    internal ushort Family;
    internal PathBytes Path;

    /// <summary>What is passed as the address's length.</summary>
    internal readonly uint Length => PathOffset + PathSize;

    internal static bool TryCreate(string path, out UnixAddress address)
    {
        address = new UnixAddress { Family = SeqpacketSocket.Unix };
        ArgumentException.ThrowIfNullOrEmpty(path); // an empty path would mean an abstract or unnamed socket
        return Encoding.UTF8.GetByteCount(path) <= MaxPathLength && CString.TryWrite(path, address.Path);
    }

    /// <summary>sun_path.</summary>
    [InlineArray(PathSize)]
    internal struct PathBytes
    {
        byte _first;
    }
}
