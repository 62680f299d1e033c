using DmaHeap.Hosting.Adoption;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory.Recycling;

/// <summary>
/// Makes new buffers' memory of buffers that their clients gave back, on a thread that leaves the processors to others. The client's word is not enough: only when nobody else can read or write
/// the file is its buffer released, and its pages are punched out, so that whoever has one of them in hand by other ways keeps that page and sees no new byte. Thread-safe.
/// </summary>
/// <param name="watches">Watches the file on.</param>
/// <param name="releaser">Releases the buffer.</param>
/// <param name="scrub">Empties the file and fills it anew.</param>
/// <param name="room">Whether there is memory to keep.</param>
/// <param name="stores">Where the pieces are.</param>
/// <param name="time">The host's clock.</param>
/// <param name="log">For what is not recycled.</param>
internal sealed class Recycler(
    BufferWatches watches, Releaser releaser, PageScrub scrub, PoolRoom room, Func<IEnumerable<RecycleStore>> stores, TimeProvider time, ILogger log) : IDisposable
{
    private const int Nice = 10, MostWaiting = 256;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250), s_again = TimeSpan.FromMilliseconds(5), s_age = TimeSpan.FromSeconds(60), s_look = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly AutoResetEvent _given = new(false);
    private List<GivenBack> _waiting = [];
    private Thread? _thread;
    private int _unsettled; // those that wait, and the one that is looked at
    private bool _stopping;

    /// <summary>What there is for each heap.</summary>
    public IEnumerable<RecycleStore> Stores => stores();

    /// <summary>Takes a buffer that a client gives back. Whether it becomes memory again is found out later: the client closes its own descriptor first.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">The client's descriptor; closed.</param>
    /// <param name="giver">The client's domain; null where it is not known.</param>
    /// <returns>False where it cannot be used again, and nothing was done.</returns>
    public bool TryTake(BufferRecord record, SafeFileHandle shown, TrustDomain? giver)
    {
        if (WhyNot(record, shown, giver) is { } why)
        {
            HostLog.NotRecycled(log, record.Sequence, record.Heap.Name, why);
            return false;
        }

        // A description of the host's own: the client's is to go.
        var errno = DescriptorReopen.TryOpen(shown, FileAccessMode.ReadWrite, closeOnExec: true, out var own);
        shown.Dispose();
        if (errno != Errno.None) return false;
        lock (_lock)
        {
            if (!_stopping)
            {
                _waiting.Add(new GivenBack(record, own, time.GetTimestamp()));
                Interlocked.Increment(ref _unsettled);
                if (_thread is null)
                {
                    _thread = new Thread(Run) { IsBackground = true, Name = "dmaheap recycler" };
                    _thread.Start();
                }

                _given.Set();
                return true;
            }
        }

        own.Dispose();
        return false;
    }

    /// <summary>Has what was given back settled now, and waits for that: not for long, as clients may keep what they gave back.</summary>
    public void Hurry(TimeSpan patience)
    {
        if (Volatile.Read(ref _unsettled) == 0) return;
        SpinWait.SpinUntil(() =>
        {
            lock (_lock)
            {
                if (_stopping) return true;
                _given.Set();
            }

            return Volatile.Read(ref _unsettled) == 0;
        }, patience);
    }

    /// <summary>Ends it. What was not finished is not recycled.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _stopping = true;
            thread = _thread;
        }

        _given.Set();
        if (thread?.Join(TimeSpan.FromSeconds(5)) != false) _given.Dispose();
        foreach (var store in stores()) store.Set(isOn: false);
    }

    private string? WhyNot(BufferRecord record, SafeFileHandle shown, TrustDomain? giver)
    {
        if (record.IsOpaque || record.Memory is not PageMemory { Ticket: { } ticket }) return "its memory is not of a heap that recycles";
        if (giver is null) return "who gives it back is not known well enough";
        if (giver != ticket.Domain) return "it was allocated in another trust domain";
        if (DescriptorFlags.GetAccess(shown) is not (FileAccessMode.ReadWrite, true)) return "the descriptor shown does not read and write";
        if (record.Attachments > 0) return "importers are attached";
        if (!ticket.Store.HasRoomFor(record.Length)) return "as much is kept as may be";
        lock (_lock) return _waiting.Count < MostWaiting ? null : "too many were given back at once";
    }

    private void Run()
    {
        ThreadNice.TrySet(Nice);
        while (true)
        {
            List<GivenBack> now;
            lock (_lock)
            {
                now = _waiting;
                _waiting = [];
                if (_stopping)
                {
                    foreach (var given in now) given.File.Dispose();
                    return;
                }
            }

            foreach (var given in now)
            {
                if (TrySettle(given)) Interlocked.Decrement(ref _unsettled);
            }

            foreach (var store in stores()) store.DropOlderThan(s_age);
            bool isWaiting;
            lock (_lock) isWaiting = _waiting.Count > 0;
            _given.WaitOne(isWaiting ? s_again : s_look);
        }
    }

    // False when it is to be looked at again.
    private bool TrySettle(in GivenBack given)
    {
        try
        {
            var errno = WriteLease.TryProbe(given.File);
            if (errno == Errno.EAGAIN && time.GetElapsedTime(given.Since) < s_patience)
            {
                lock (_lock) _waiting.Add(given);
                return false;
            }

            using (given.File)
            {
                var why = errno == Errno.EAGAIN ? "somebody else has it open or mapped" : errno != Errno.None ? errno.Describe() : Recycle(in given);
                if (why is not null) HostLog.NotRecycled(log, given.Record.Sequence, given.Record.Heap.Name, why);
            }
        }
        catch (Exception exception) // nobody waits for it, and nothing that it meets is to end the host
        {
            HostLog.NotRecycled(log, given.Record.Sequence, given.Record.Heap.Name, exception.Message);
        }

        return true;
    }

    // The buffer is over from here on, whatever becomes of its file.
    private string? Recycle(in GivenBack given)
    {
        var (record, file) = (given.Record, given.File);
        var (memory, ticket) = ((PageMemory)record.Memory, ((PageMemory)record.Memory).Ticket!);
        if (record.Attachments > 0 || !watches.TryKeep(record)) return "it is in use";
        var again = new PageMemory();
        releaser.WorkOff();
        var isKept = false;
        try
        {
            if ((scrub.Empty(file, memory) ?? room.WhyNot(stores().Sum(store => store.Pieces), memory.Length)) is { } why) return why;
            if (WhyNotAsMade(file, memory) is { } change) return change;
            if (!scrub.TryFill(file, memory)) return "its pages cannot be had again";
            room.Took(memory.Length);
            var errno = DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, again.File);
            if (errno != Errno.None) return errno.Describe();
            again.Begin(new PageFile(memory.Length, memory.PageSize, memory.MappedPageSize, PageFill.Zeroed), watches, record.Watch);
            (again.Ticket, again.WasUsed, isKept) = (ticket, true, true);
            ticket.Store.Add(ticket, again);
            return null;
        }
        finally
        {
            if (!isKept) watches.GiveUp(record.Watch);
        }
    }

    // What its user could have changed, and the next one would see; and what another host did, for which this buffer would not end.
    private static string? WhyNotAsMade(SafeFileHandle file, PageMemory memory)
    {
        var status = FileStatus.Of(file);
        if (AdoptionMark.IsIn(status.Permissions)) return "another host was shown it and counts it, too";
        var isAsMade = status.Length == memory.Length && status.Permissions == (UnixFileMode.UserRead | UnixFileMode.UserWrite) && !UserAttributes.Exist(file);
        return isAsMade ? null : "it is not as it was made";
    }

    private readonly record struct GivenBack(BufferRecord Record, SafeFileHandle File, long Since);
}
