namespace DmaHeap.Hosting;

/// <summary>The host cannot listen where it was told to.</summary>
/// <param name="path">The socket's path.</param>
/// <param name="reason">Why not.</param>
public sealed class SocketInUseException(string path, string reason)
    : IOException($"{path}: {reason}; stop it, or listen elsewhere (--socket, or DMAHEAP_SOCKET)")
{
    /// <summary>The socket's path.</summary>
    public string SocketPath { get; } = path;
}
