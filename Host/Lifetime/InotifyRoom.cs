using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Room for many buffers: the machine's inotify limits raised for as long as the host runs, where its configuration says so. Each buffer takes a watch, and each end of one two places in
/// the queue. Only ever up; put back at the end, unless somebody else has changed them since.
/// </summary>
internal sealed class InotifyRoom : IDisposable
{
    /// <summary>Some 2 KiB of the kernel's memory for each watch in use.</summary>
    public static readonly InotifyLimits Wanted = new(MaxUserWatches: 1 << 20, MaxQueuedEvents: 1 << 18);

    private readonly string _root;
    private readonly ILogger _log;
    private readonly InotifyLimits _before;
    private readonly InotifyLimits _raised;

    private InotifyRoom(string root, ILogger log, InotifyLimits before, InotifyLimits raised) => (_root, _log, _before, _raised) = (root, log, before, raised);

    /// <summary>Raises what is lower. Null when nothing is, or it cannot be done: the host does without, and the log says so.</summary>
    public static InotifyRoom? TryMake(ILogger log, string root = "/")
    {
        try
        {
            var before = InotifyLimits.Read(root);
            var raised = new InotifyLimits(Math.Max(before.MaxUserWatches, Wanted.MaxUserWatches), Math.Max(before.MaxQueuedEvents, Wanted.MaxQueuedEvents));
            if (raised == before) return null;
            raised.Write(root);
            HostLog.LimitsRaised(log, before.MaxUserWatches, raised.MaxUserWatches, before.MaxQueuedEvents, raised.MaxQueuedEvents);
            return new InotifyRoom(root, log, before, raised);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            HostLog.LimitsNotRaised(log, exception.Message);
            return null;
        }
    }

    public void Dispose()
    {
        try
        {
            if (InotifyLimits.Read(_root) == _raised) _before.Write(_root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            HostLog.LimitsNotRaised(_log, exception.Message);
        }
    }
}
