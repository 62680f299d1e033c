using System.Collections.Concurrent;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// Has a program's epoll take a buffer, as it takes a dma-buf: what it is given instead is a descriptor of ours that is ready for reading and writing at once, as a dma-buf without fences is.
/// One is kept for each pair of numbers that a process has used, so that it can be changed and removed again.
/// </summary>
internal sealed class ReadyDescriptors(CallerIdentities identities) : IDisposable
{
    private const int Most = 1024;

    private readonly EventSignal _signal = Signalled();
    private readonly ConcurrentDictionary<(int Process, int Poll, int Descriptor), SafeFileHandle> _given = [];

    /// <summary>epoll_ctl(poll, operation, buffer, event).</summary>
    public CallResult Control(in SeccompNotification call, SeccompCaller caller)
    {
        var key = (identities.Of(call.ThreadId).ProcessId, (int)call.Argument0, (int)call.Argument2);
        if (!_given.TryGetValue(key, out var standIn))
        {
            if (_given.Count >= Most || DescriptorFlags.TryDuplicate(_signal.Handle, out standIn) != Errno.None) return CallResult.PassThrough;
            standIn = _given.GetOrAdd(key, standIn);
        }

        var errno = caller.Take((int)call.Argument0, out var poll);
        using (poll)
        {
            Span<byte> change = stackalloc byte[EventPoll.EventSize];
            if (errno == Errno.None && (int)call.Argument1 != EventPoll.Removal) errno = caller.Read(call.Argument3, change);
            if (errno == Errno.None) errno = EventPoll.TryControl(poll, (int)call.Argument1, standIn, change);
        }

        return errno == Errno.None ? CallResult.Return(0) : CallResult.Fail(errno);
    }

    public void Dispose()
    {
        foreach (var standIn in _given.Values) standIn.Dispose();
        _signal.Dispose();
    }

    private static EventSignal Signalled()
    {
        var signal = new EventSignal();
        signal.Signal();
        return signal;
    }
}
