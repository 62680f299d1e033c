using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Turnover;

/// <summary>
/// Reloads when somebody asks for it (a signal), or when something changes beside the configuration or in the plugins' folders: files written, renamed into place, taken away.
/// What happens in quick succession is one change: it waits for a pause, but not for ever. Has a thread of its own.
/// </summary>
internal sealed class ReloadWatch : IDisposable
{
    private const ulong QueueKey = 0, StopKey = 1, RequestKey = 2, RefreshKey = 3;
    private const int PauseMs = 100, LongestMs = 1000;
    private const InotifyMask Changes = InotifyMask.CloseWrite | InotifyMask.MovedTo | InotifyMask.MovedFrom | InotifyMask.Create | InotifyMask.Delete
        | InotifyMask.DeleteSelf | InotifyMask.MoveSelf | InotifyMask.OnlyDirectory;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly HostCore _core;
    private readonly EventPoll _poll = new();
    private readonly EventSignal _stop = new(), _request = new(), _refresh = new();
    private readonly InotifyQueue _queue = new();
    private readonly Dictionary<int, string> _watched = [];
    private readonly Thread _thread;

    private ReloadWatch(HostCore core)
    {
        _core = core;
        _poll.Add(_stop.Handle, ReadyEvents.Readable, StopKey);
        _poll.Add(_request.Handle, ReadyEvents.Readable, RequestKey);
        _poll.Add(_refresh.Handle, ReadyEvents.Readable, RefreshKey);
        _poll.Add(_queue.Handle, ReadyEvents.Readable, QueueKey);
        core.FilesChanged += Refresh; // whoever has it reload: a signal, a client, the embedding program
        Watch();
        _thread = new Thread(Run) { IsBackground = true, Name = "dmaheap reload" };
        _thread.Start();
    }

    /// <summary>Starts to watch. Null, with the reason in the log, where the system has no room for it.</summary>
    public static ReloadWatch? TryStart(HostCore core)
    {
        try
        {
            return new ReloadWatch(core);
        }
        catch (LinuxException exception)
        {
            HostLog.FilesNotWatched(core.Log, exception.Message);
            return null;
        }
    }

    /// <summary>Asks for a reload, soon.</summary>
    public void Request() => _request.Signal();

    public void Dispose()
    {
        _core.FilesChanged -= Refresh;
        _stop.Signal();
        // A plugin's constructor may hang in a reload; then what is waited on is left to it.
        if (!_thread.Join(s_patience)) return;
        _poll.Dispose();
        _queue.Dispose();
        _stop.Dispose();
        _request.Dispose();
        _refresh.Dispose();
    }

    private void Run()
    {
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[4];
        var buffer = new byte[16 * 1024];
        long? first = null;
        var last = 0L;
        while (true)
        {
            var timeout = first is null ? -1 : (int)Math.Max(0, Math.Min(last + PauseMs, first.Value + LongestMs) - Environment.TickCount64);
            var count = _poll.Wait(ready, timeout);
            var asked = false;
            foreach (var descriptor in ready[..count])
            {
                if (descriptor.Data == StopKey) return;
                if (descriptor.Data == RefreshKey)
                {
                    _refresh.Drain();
                    TryWatch();
                    continue;
                }

                if (descriptor.Data == RequestKey) asked = _request.Drain() > 0;
                else if (!Drain(buffer)) continue;
                last = Environment.TickCount64;
                first ??= last;
            }

            if (first is null || (!asked && Environment.TickCount64 < Math.Min(last + PauseMs, first.Value + LongestMs))) continue;
            first = null;
            _core.Changes.ReloadQuietly();
        }
    }

    private void Refresh()
    {
        try
        {
            _refresh.Signal();
        }
        catch (ObjectDisposedException)
        {
            // The host ends; who told this had begun before.
        }
    }

    private void TryWatch()
    {
        try
        {
            Watch();
        }
        catch (Exception exception)
        {
            HostLog.ReloadFailed(_core.Log, exception); // a thread that ended would never look again
        }
    }

    // True when there was anything.
    private bool Drain(byte[] buffer)
    {
        var any = false;
        while (_queue.TryRead(buffer, out var length) == Errno.None)
        {
            foreach (var happened in new InotifyEvents(buffer.AsSpan(0, length)))
            {
                any = true;
                // The folder went, or was renamed: whatever has its name next is looked up by name again.
                if ((happened.Mask & InotifyMask.Ignored) != 0) _watched.Remove(happened.Watch);
                else if ((happened.Mask & InotifyMask.MoveSelf) != 0) _queue.TryRemove(happened.Watch);
            }
        }

        return any;
    }

    // Also what is above a plugin's folder, since a whole folder may be renamed into place.
    private void Watch()
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        if (_core.Options.ConfigurationPath is { } configuration)
        {
            Add(configuration);
            if (Directory.Exists(DropIns.FolderOf(configuration))) folders.Add(DropIns.FolderOf(configuration));
        }

        foreach (var slot in _core.Registry.Slots.Concat(_core.Changes.StoodInFor))
        {
            if (slot.Definition.Source?.Lease?.Manifest.Path is not { } plugin) continue;
            Add(plugin);
            Add(Path.GetDirectoryName(plugin)!);
        }

        foreach (var (watch, folder) in _watched.ToArray())
        {
            if (folders.Contains(folder)) continue;
            _watched.Remove(watch);
            _queue.TryRemove(watch);
        }

        foreach (var folder in folders) WatchFolder(folder);

        void Add(string file)
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) folders.Add(folder);
            if (File.ResolveLinkTarget(file, returnFinalTarget: true) is { } target && Path.GetDirectoryName(target.FullName) is { } real) folders.Add(real);
        }
    }

    // Watching the same folder again gives the same number.
    private void WatchFolder(string folder)
    {
        if (PathDescriptor.TryOpen(folder, out var descriptor) != Errno.None) return;
        using (descriptor)
        {
            var errno = _queue.TryWatch(descriptor, Changes, out var watch);
            if (errno == Errno.None) _watched[watch] = folder;
            else HostLog.FilesNotWatched(_core.Log, $"{folder}: {errno.Describe()}");
        }
    }
}
