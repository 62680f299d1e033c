using System.Collections.Concurrent;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>The directories in /proc of the threads that called last: a bounded number, whatever lives and dies under a supervisor. Each is a descriptor, so one that makes room for another is
/// closed at once rather than when memory runs short. Thread-safe.</summary>
internal sealed class ThreadCache : IDisposable
{
    private const int Most = 128;

    private readonly ConcurrentDictionary<int, ThreadDescriptors> _threads = [];
    private readonly Queue<int> _oldestFirst = new(Most);
    private readonly Lock _changing = new();
    private bool _isDisposed;

    /// <summary>Runs a look at a thread, with what is remembered of it or, where that comes to nothing, anew: a thread that is gone has no descriptors, and its number may be another's by now.</summary>
    /// <returns>What the last look came to, or that there is no looking.</returns>
    public Errno Look(int threadId, int descriptor, Look look, out FileStatus status)
    {
        if (_threads.TryGetValue(threadId, out var known) && LookAgain(known, descriptor, look, out status) == Errno.None) return Errno.None;
        status = default;
        var errno = ThreadDescriptors.TryOpen(threadId, out var thread);
        if (thread is null) return errno;
        errno = look(thread, descriptor, out status);
        Keep(threadId, thread);
        return errno;
    }

    /// <summary>Forgets all; what is looked at afterwards is not remembered.</summary>
    public void Dispose()
    {
        lock (_changing)
        {
            _isDisposed = true;
            foreach (var thread in _threads.Values) thread.Dispose();
            _threads.Clear();
            _oldestFirst.Clear();
        }
    }

    // Another thread may have let go of it since it was found.
    private static Errno LookAgain(ThreadDescriptors thread, int descriptor, Look look, out FileStatus status)
    {
        try
        {
            return look(thread, descriptor, out status);
        }
        catch (ObjectDisposedException)
        {
            status = default;
            return Errno.ESRCH;
        }
    }

    private void Keep(int threadId, ThreadDescriptors thread)
    {
        lock (_changing)
        {
            if (_isDisposed)
            {
                thread.Dispose();
                return;
            }

            if (_threads.TryGetValue(threadId, out var former))
            {
                former.Dispose();
            }
            else
            {
                if (_oldestFirst.Count == Most && _threads.TryRemove(_oldestFirst.Dequeue(), out var oldest)) oldest.Dispose();
                _oldestFirst.Enqueue(threadId);
            }

            _threads[threadId] = thread;
        }
    }
}

/// <summary>A look at one of a thread's descriptors.</summary>
internal delegate Errno Look(ThreadDescriptors thread, int descriptor, out FileStatus status);
