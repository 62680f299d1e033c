using System.Collections.Concurrent;
using DmaHeap.Hosting.Memory;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>
/// A device that does not see the CPU's caches, with a heap for it. Each buffer has a copy for the device and one for the CPU, and data moves between them only where a
/// program begins and ends CPU access: one that forgets does not see what the device wrote, and the device does not see what the program wrote. Who forgot, and what, is in
/// <see cref="Faults"/>. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Programs need not know: what they map is the CPU's copy, in the same process, over the host's socket, or under <c>dmaheap exec</c>. The device is this object
/// (<see cref="Attach"/>), or any importer: what it maps is the device's copy.</para>
/// <para>Outside of CPU access the CPU's copy holds what <see cref="Outside"/> says. Whoever touches it then through a mapping leaves a trace, which is noticed when the next
/// CPU access begins or the device uses the buffer. Not noticed are <c>read(2)</c>, writing what is there already, which is taken for reading, and whatever happens while
/// somebody else has begun CPU access.</para>
/// </remarks>
public sealed class UncachedDevice
{
    private readonly ConcurrentDictionary<ulong, UncachedBuffer> _buffers = new();
    private readonly ConcurrentQueue<SyncFault> _faults = new();
    private volatile IHeapLog? _log;

    /// <summary>What programs find outside of CPU access: by default what was there at the end of the last one.</summary>
    public OutsideAccess Outside { get; init; }

    /// <summary>What programs skipped so far, in the order in which it was noticed.</summary>
    public IReadOnlyList<SyncFault> Faults => [.. _faults];

    /// <summary>Makes the heap, for one host: <c>DmaHeapTestHost.Start("camera", device.CreateHeap)</c>.</summary>
    /// <param name="context">The host's side.</param>
    public IHeap CreateHeap(IHeapContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _log = context.Log;
        return new UncachedHeap(context, this);
    }

    /// <summary>Lets the device at a buffer, as a driver attaches to one. The buffer is not released until the attachment is disposed.</summary>
    /// <param name="buffer">A descriptor of a buffer of this device's heap, of any process's; it stays the caller's.</param>
    /// <returns>The device's view of the buffer.</returns>
    /// <exception cref="ArgumentException">It is no buffer of this device's heap.</exception>
    public UncachedAttachment Attach(SafeFileHandle buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return _buffers.TryGetValue(SparseFile.InodeOf(buffer), out var known)
            ? new UncachedAttachment(known, SparseFile.Reopen(buffer))
            : throw new ArgumentException("The descriptor is no buffer of this device's heap.", nameof(buffer));
    }

    /// <summary>Asserts that no program skipped anything so far.</summary>
    /// <exception cref="SyncFaultsException">One did.</exception>
    public void ThrowIfFaulty()
    {
        if (!_faults.IsEmpty) throw new SyncFaultsException(Faults);
    }

    internal void Add(UncachedBuffer buffer) => _buffers[buffer.Inode] = buffer;

    internal void Remove(UncachedBuffer buffer) => _buffers.TryRemove(buffer.Inode, out _);

    internal void Report(SyncFault fault)
    {
        _faults.Enqueue(fault);
        _log?.Write(HeapLogLevel.Warning, fault.ToString(), new LogField("Kind", fault.Kind.ToString()), new LogField("Buffer", fault.Buffer));
    }
}
