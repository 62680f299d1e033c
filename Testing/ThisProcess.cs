using DmaHeap.Hosting.Server;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>Who this process is to a host.</summary>
internal static class ThisProcess
{
    private static readonly Lazy<Caller> s_caller = new(Ask);

    public static Caller Caller => s_caller.Value;

    // The kernel says it of a socket, so that a test's own allocations are on the same account as those of its clients.
    private static Caller Ask()
    {
        using var pair = new LocalSocketPair();
        using var handle = new SafeFileHandle(pair.Far.Handle, ownsHandle: false);
        return PeerIdentity.Of(handle);
    }
}
