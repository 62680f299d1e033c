using System.Collections.Concurrent;
using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(AttachTimeHeap), Options = typeof(AttachTimeHeapOptions))]

namespace DmaHeap.Heaps;

/// <summary>Buffers whose memory is made when an importer first maps them, so that it serves all who are attached by then. Clients only pass them on.</summary>
[HeapCapabilities(HeapCapabilities.Unmappable)]
public sealed class AttachTimeHeap : Heap<AttachTimeBuffer>
{
    private readonly IHeapContext _context;
    private readonly TimeSpan _warnAfter;
    private readonly ConcurrentDictionary<AttachTimeBuffer, ITimer> _timers = new();

    /// <summary>Starts the heap.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">The options, checked.</param>
    public AttachTimeHeap(IHeapContext context, AttachTimeHeapOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        _context = context;
        _warnAfter = options.WarnAfter;
    }

    /// <inheritdoc/>
    protected override AttachTimeBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var standIn = _context.Memory.AllocateOpaque(new OpaqueRequest { Length = request.Length, Backing = OpaqueBacking.Nothing });
        var buffer = new AttachTimeBuffer(_context, standIn, in request);
        if (_warnAfter > TimeSpan.Zero) _timers[buffer] = _context.Time.CreateTimer(_ => WarnIfMissing(buffer), null, _warnAfter, Timeout.InfiniteTimeSpan);
        return buffer;
    }

    /// <inheritdoc/>
    protected override void Release(AttachTimeBuffer buffer, ReleaseReason reason)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        StopTimer(buffer);
        buffer.DisposePages();
    }

    // The timer goes with its one tick: a buffer may live for ever.
    private void WarnIfMissing(AttachTimeBuffer buffer)
    {
        StopTimer(buffer);
        if (buffer.Missing is not { } missing) return;
        _context.Log.Write(
            HeapLogLevel.Warning,
            $"A buffer ({buffer.Text}) has waited {_warnAfter.TotalSeconds:0.###} s for its importers: {missing}",
            new LogField("Length", buffer.Length),
            new LogField("Waited", _warnAfter.ToString("c", System.Globalization.CultureInfo.InvariantCulture)));
    }

    private void StopTimer(AttachTimeBuffer buffer)
    {
        if (_timers.TryRemove(buffer, out var timer)) timer.Dispose();
    }
}
