using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>
/// Has the kernel tell when programs wait for memory, on the machine or in the host's own control group, and gives some back each time it does. Best effort: where the kernel does not
/// account for pressure, or does not let this user have it, the log says so and the limits alone are watched.
/// </summary>
internal sealed class PressureWatch : IDisposable
{
    // A twentieth of the time, which is early: to give back costs little. Without privilege windows are of two seconds.
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1), s_long = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private const int Part = 20, ShareEachTime = 4;
    private const ulong Stopping = ulong.MaxValue;

    private readonly Reclaimer _reclaimer;
    private readonly ILogger _log;
    private readonly PressureSource[] _sources;
    private readonly EventPoll? _poll;
    private readonly EventSignal? _stop;
    private readonly Thread? _thread;

    /// <param name="reclaimer">Gives memory.</param>
    /// <param name="files">Where triggers are set.</param>
    /// <param name="log">The host's log.</param>
    public PressureWatch(Reclaimer reclaimer, IEnumerable<string> files, ILogger log)
    {
        (_reclaimer, _log) = (reclaimer, log);
        _sources = [.. files.Select(Set).OfType<PressureSource>()];
        if (_sources.Length == 0) return;
        try
        {
            (_poll, _stop) = (new EventPoll(), new EventSignal());
            _poll.Add(_stop.Handle, ReadyEvents.Readable, Stopping);
            for (var i = 0; i < _sources.Length; i++) _poll.Add(_sources[i].Trigger, ReadyEvents.Urgent, (ulong)i);
        }
        catch (LinuxException exception)
        {
            HostLog.PressureNotSeen(log, "the triggers", exception.Errno);
            return;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "dmaheap pressure" };
        _thread.Start();
    }

    /// <summary>How many triggers the kernel let us have.</summary>
    public int Triggers => _sources.Length;

    /// <summary>The files there are on this machine.</summary>
    public static IReadOnlyList<string> Files()
    {
        try
        {
            return new ControlGroups().FindPressureFile() is { } own ? [PressureTrigger.OfTheMachine, own] : [PressureTrigger.OfTheMachine];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [PressureTrigger.OfTheMachine];
        }
    }

    /// <summary>Gives some back, where there is any.</summary>
    public void Relieve()
    {
        if (_reclaimer.HasSources) _reclaimer.Share(ReclaimReason.Pressure, ShareEachTime, ReclaimScope.All);
    }

    public void Dispose()
    {
        if (_thread is not null)
        {
            _stop!.Signal();
            if (!_thread.Join(s_patience)) return; // in a heap that hangs: the thread is lost, and what it waits on with it
        }

        _poll?.Dispose();
        _stop?.Dispose();
        foreach (var source in _sources) source.Dispose();
    }

    private PressureSource? Set(string file)
    {
        if (PressureTrigger.TrySet(file, s_short / Part, s_short, out var trigger) == Errno.None) return new PressureSource(trigger, s_short / Part);
        var errno = PressureTrigger.TrySet(file, s_long / Part, s_long, out trigger);
        if (errno == Errno.None) return new PressureSource(trigger, s_long / Part);
        HostLog.PressureNotSeen(_log, file, errno);
        return null;
    }

    private void Run()
    {
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[EventPoll.MaxBatch];
        while (true)
        {
            var count = _poll!.Wait(ready, Timeout.Infinite);
            var isPressed = false;
            foreach (var (events, number) in ready[..count])
            {
                if (number == Stopping) return;
                isPressed |= (events & ReadyEvents.Urgent) != 0 && _sources[number].IsPressed();
                // The group is gone: there is nothing more to hear.
                if ((events & ReadyEvents.Error) != 0) _poll.TryRemove(_sources[number].Trigger);
            }

            if (isPressed) Relieve();
        }
    }
}
