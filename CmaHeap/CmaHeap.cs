using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(CmaHeap), Options = typeof(CmaHeapOptions))]

namespace DmaHeap.Heaps;

/// <summary>
/// A region of fixed size, as the kernel's CMA heap has one, but modelled: a bitmap decides whether a buffer fits and where, so exhaustion and fragmentation
/// are real; the pages are the buffer's own.
/// </summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
public sealed class CmaHeap : Heap<CmaBuffer>, IHeapGauge
{
    private readonly IHeapContext _context;
    private readonly Region _region;
    private readonly long _pageSize;
    private readonly bool _physical;

    /// <summary>Starts the heap. No memory is taken before a buffer is.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">The options, checked.</param>
    /// <exception cref="HeapException">
    /// ENODEV: <see cref="HeapCause.Unavailable"/> when the machine has no pages of the size asked for, or the region is not made of whole ones;
    /// <see cref="HeapCause.NotContiguous"/> when physical contiguity is required and the machine's pool of huge pages is empty.
    /// </exception>
    public CmaHeap(IHeapContext context, CmaHeapOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        var machine = context.Memory.Capabilities;
        _pageSize = options.PageSizeOn(machine.PageSize);
        _physical = options.Require == CmaRequirement.Physical;
        if (options.Pages == CmaPages.Huge) ThrowIfWithoutHugePages(machine);
        if (options.Size.Bytes % _pageSize != 0)
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, $"a region of {options.Size.ToText()} is not made of whole pages of {Text(_pageSize)}, which this machine has");
        }

        _context = context;
        _region = new Region(options.Size.Bytes, _pageSize);
        context.Log.Write(
            HeapLogLevel.Information,
            $"A region of {Text(_region.Capacity)} is modelled; buffers are whole pages of {Text(_pageSize)}",
            new LogField("Capacity", _region.Capacity),
            new LogField("PageSize", _pageSize));
    }

    /// <inheritdoc/>
    public HeapGauges ReadGauges() => _region.ReadGauges();

    /// <inheritdoc/>
    protected override CmaBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        if (_physical && request.Length > _pageSize) throw NotContiguous(request.Length, _pageSize);
        var range = _region.Reserve(request.Length);
        try
        {
            var buffer = new CmaBuffer(TakePages(range.Pages * _pageSize, request.Commit), range);
            if (buffer.Length != request.Length) LogRounding(request.Length, buffer.Length);
            return buffer;
        }
        catch
        {
            _region.Return(range);
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Release(CmaBuffer buffer, ReleaseReason reason)
    {
        // A client goes on using the buffer after the host or the heap has stopped, so its part of the region is not free.
        if (reason is ReleaseReason.HostStopping or ReleaseReason.HeapStopping) return;
        _region.Return(buffer.Range);
    }

    private IHeapMemory TakePages(long length, CommitPolicy commit)
    {
        var memory = TakeFromMachine(new PageRequest { Length = length, PageSize = _pageSize == _context.Memory.Capabilities.PageSize ? 0 : _pageSize, Commit = commit });
        if (!_physical || memory.Length <= memory.PageSize) return memory;

        // What is required is not what was asked for but what the host vouches for.
        var refusal = NotContiguous(memory.Length, memory.PageSize);
        memory.Dispose();
        throw refusal;
    }

    private IHeapMemory TakeFromMachine(in PageRequest request)
    {
        try
        {
            return _context.Memory.AllocatePages(in request);
        }
        catch (HeapException e) when (e.Cause == HeapCause.NoHugePages)
        {
            throw new HeapException(e.Errno, e.Cause, $"the region has room, but other users of this machine hold the huge pages: {e.Message}", e);
        }
    }

    private void ThrowIfWithoutHugePages(MemoryCapabilities machine)
    {
        var pool = machine.HugePages.FirstOrDefault(pool => pool.PageSize == _pageSize);
        if (pool.PageSize == 0)
        {
            throw new HeapException(HeapErrno.NoDevice, _physical ? HeapCause.NotContiguous : HeapCause.Unavailable, $"this machine has no huge pages of {Text(_pageSize)}");
        }

        if (_physical && pool.Total == 0)
        {
            throw new HeapException(
                HeapErrno.NoDevice,
                HeapCause.NotContiguous,
                $"physically contiguous memory is only to be had inside huge pages of {Text(_pageSize)}, and this machine's pool of them is empty (see nr_hugepages)");
        }
    }

    private void LogRounding(long asked, long given)
    {
        if (!_context.Log.IsEnabled(HeapLogLevel.Debug)) return;
        _context.Log.Write(HeapLogLevel.Debug, $"{Text(asked)} asked for, rounded up to {Text(given)}", new LogField("Asked", asked), new LogField("Length", given));
    }

    private static HeapException NotContiguous(long length, long page) => new(
        HeapErrno.NoMemory,
        HeapCause.NotContiguous,
        $"{Text(length)} cannot be had physically contiguous: the host vouches for runs of one page, so at most {Text(page)} fit");

    private static string Text(long bytes) => new ByteSize(bytes).ToText();
}
