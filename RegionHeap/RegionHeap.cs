using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(RegionHeap), Options = typeof(RegionHeapOptions))]

namespace DmaHeap.Heaps;

/// <summary>
/// Buffers in a part of a file or device, outside the machine's normal RAM. Clients pass them on; importers that are trusted with the whole file get it, with
/// the offset and length of the buffer.
/// </summary>
[HeapCapabilities(HeapCapabilities.Unmappable | HeapCapabilities.FixedCapacity)]
public sealed class RegionHeap : Heap<RegionBuffer>, IHeapGauge
{
    private readonly IHeapContext _context;
    private readonly IMemoryRegion _region;
    private readonly TrustDomains _domains;
    private readonly RegionMap _map;

    /// <summary>Starts the heap: opens the region, and keeps other heaps out of it.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">The options, checked.</param>
    /// <exception cref="HeapException">
    /// ENODEV <see cref="HeapCause.Unavailable"/>: the file is none a region can lie in, or too short; EBUSY <see cref="HeapCause.RangeInUse"/>: it is another heap's.
    /// </exception>
    public RegionHeap(IHeapContext context, RegionHeapOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        _context = context;
        _domains = new TrustDomains(options.Importers);
        _region = context.Memory.OpenRegion(new RegionRequest { Path = options.Path, Offset = options.Offset.Bytes, Length = options.Size.Bytes });
        _map = new RegionMap((int)Math.Min(int.MaxValue, _region.Length / _region.PageSize), _region.PageSize, _domains.Count);
        context.Log.Write(
            HeapLogLevel.Information,
            $"A region of {Text(_region.Length)} in {_region.Path} is open, in pages of {Text(_region.PageSize)}{(_domains.Count == 0 ? "; no importer is trusted with it" : "")}",
            new LogField("Path", _region.Path),
            new LogField("Length", _region.Length),
            new LogField("PageSize", _region.PageSize));
    }

    /// <inheritdoc/>
    public HeapGauges ReadGauges() => _map.ReadGauges();

    /// <inheritdoc/>
    protected override RegionBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var domain = _domains.OfClient(request.Caller);
        var range = _map.Reserve(request.Length, domain);
        try
        {
            var memory = _context.Memory.AllocateRange(_region, range.Offset * _region.PageSize, range.Pages * _region.PageSize);
            return new RegionBuffer(this, memory, range, domain);
        }
        catch
        {
            _map.Return(range, TrustDomains.None);
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Release(RegionBuffer buffer, ReleaseReason reason)
    {
        ArgumentNullException.ThrowIfNull(buffer);

        // A client goes on using the buffer after the host has stopped, so its part of the region is not free.
        if (reason == ReleaseReason.HostStopping) return;
        buffer.Memory.Dispose(); // before somebody else is given the range: the host sees to it that ranges never overlap
        _map.Return(buffer.Range, buffer.WasMapped ? buffer.Domain : TrustDomains.None);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _region.Dispose();

    /// <summary>The trust domain by which an importer may map a buffer.</summary>
    /// <exception cref="HeapException">EPERM <see cref="HeapCause.ImporterDenied"/>; it was logged.</exception>
    internal int DomainFor(RegionBuffer buffer, BufferAttachment attachment)
    {
        var domain = _domains.OfImporter(attachment, buffer.Domain, out var why);
        if (domain != TrustDomains.None) return domain;
        _context.Log.Write(
            HeapLogLevel.Warning,
            $"A range of {_region.Path} was refused to {attachment.ImporterText}: {why}",
            new LogField("ProcessId", attachment.Importer.ProcessId),
            new LogField("UserId", attachment.Importer.UserId),
            new LogField("Executable", attachment.ImporterExecutable));
        throw new HeapException(HeapErrno.NotPermitted, HeapCause.ImporterDenied, $"heap {_context.Name} gives its memory to importers trusted with all of {_region.Path} only: {why}");
    }

    private static string Text(long bytes) => new ByteSize(bytes).ToText();
}
