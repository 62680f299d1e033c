using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>The machine's limits for inotify.</summary>
/// <param name="MaxUserWatches">fs.inotify.max_user_watches: watches of one user.</param>
/// <param name="MaxQueuedEvents">fs.inotify.max_queued_events: events that wait in one queue before it overflows.</param>
public readonly record struct InotifyLimits(int MaxUserWatches, int MaxQueuedEvents)
{
    /// <summary>Reads them from /proc/sys.</summary>
    /// <param name="root">The directory that /proc lies in.</param>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    public static InotifyLimits Read(string root = "/") => new(Number(root, "max_user_watches"), Number(root, "max_queued_events"));

    /// <summary>Writes them, for the whole machine. Queues that exist keep their length.</summary>
    /// <param name="root">The directory that /proc lies in.</param>
    /// <exception cref="UnauthorizedAccessException">This process may not: it takes root in the first user namespace.</exception>
    /// <exception cref="IOException">/proc cannot be written.</exception>
    public void Write(string root = "/")
    {
        Put(root, "max_user_watches", MaxUserWatches);
        Put(root, "max_queued_events", MaxQueuedEvents);
    }

    static void Put(string root, string name, int value) =>
        File.WriteAllText(Path.Join(root, "proc/sys/fs/inotify", name), value.ToString(CultureInfo.InvariantCulture));

    static int Number(string root, string name) =>
        int.Parse(File.ReadAllText(Path.Join(root, "proc/sys/fs/inotify", name)), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
