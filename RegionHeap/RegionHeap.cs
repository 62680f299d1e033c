using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(RegionHeap), Options = typeof(RegionHeapOptions))]

namespace DmaHeap.Heaps;

/// <summary>
/// Buffers in a part of a file or device, outside the machine's normal RAM. Clients pass them on; importers that are trusted with the whole file get it, with
/// the offset and length of the buffer.
/// </summary>
[TakesNoPages]
[HeapCapabilities(HeapCapabilities.Unmappable | HeapCapabilities.FixedCapacity)]
public sealed class RegionHeap : Heap<RegionBuffer>, IHeapGauge
{
    private readonly IHeapContext _context;
    private readonly RegionHeapOptions _options;
    private readonly TrustDomains _domains;
    private readonly Lock _opening = new();
    private RegionSpace? _space;

    /// <summary>Starts the heap: opens the region, and keeps other heaps out of it.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">The options, checked.</param>
    /// <exception cref="HeapException">ENODEV <see cref="HeapCause.Unavailable"/>: the file is none a region can lie in, or too short.</exception>
    public RegionHeap(IHeapContext context, RegionHeapOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        _context = context;
        _options = options;
        _domains = new TrustDomains(options.Importers);
        try
        {
            _space = Open();
        }
        catch (HeapException refusal) when (refusal.Cause == HeapCause.RangeInUse)
        {
            // As when this heap takes the place of one that still has buffers.
            context.Log.Write(HeapLogLevel.Warning, $"{refusal.Message}; nothing can be allocated until that heap has given it up", new LogField("Path", options.Path));
        }
    }

    /// <inheritdoc/>
    public HeapGauges ReadGauges() =>
        Volatile.Read(ref _space)?.Map.ReadGauges() ?? new HeapGauges { Capacity = _options.Size.Bytes, Free = 0, LargestRun = 0 };

    /// <inheritdoc/>
    protected override RegionBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var (region, map) = Space();
        var domain = _domains.OfClient(request.Caller);
        var range = map.Reserve(request.Length, domain);
        try
        {
            var memory = _context.Memory.AllocateRange(region, range.Offset * region.PageSize, range.Pages * region.PageSize);
            return new RegionBuffer(this, memory, range, domain);
        }
        catch
        {
            map.Return(range, TrustDomains.None);
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
        _space!.Map.Return(buffer.Range, buffer.WasMapped ? buffer.Domain : TrustDomains.None);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _space?.Region.Dispose();

    /// <summary>The trust domain by which an importer may map a buffer.</summary>
    /// <exception cref="HeapException">EPERM <see cref="HeapCause.ImporterDenied"/>; it was logged.</exception>
    internal int DomainFor(RegionBuffer buffer, BufferAttachment attachment)
    {
        var domain = _domains.OfImporter(attachment, buffer.Domain, out var why);
        if (domain != TrustDomains.None) return domain;
        _context.Log.Write(
            HeapLogLevel.Warning,
            $"A range of {_options.Path} was refused to {attachment.ImporterText}: {why}",
            new LogField("ProcessId", attachment.Importer.ProcessId),
            new LogField("UserId", attachment.Importer.UserId),
            new LogField("Executable", attachment.ImporterExecutable));
        throw new HeapException(HeapErrno.NotPermitted, HeapCause.ImporterDenied, $"heap {_context.Name} gives its memory to importers trusted with all of {_options.Path} only: {why}");
    }

    // One thread opens it; those that come meanwhile wait for that.
    private RegionSpace Space()
    {
        if (Volatile.Read(ref _space) is { } open) return open;
        lock (_opening) return _space ??= Open();
    }

    private RegionSpace Open()
    {
        var region = _context.Memory.OpenRegion(new RegionRequest { Path = _options.Path, Offset = _options.Offset.Bytes, Length = _options.Size.Bytes });
        _context.Log.Write(
            HeapLogLevel.Information,
            $"A region of {Text(region.Length)} in {region.Path} is open, in pages of {Text(region.PageSize)}{(_domains.Count == 0 ? "; no importer is trusted with it" : "")}",
            new LogField("Path", region.Path),
            new LogField("Length", region.Length),
            new LogField("PageSize", region.PageSize));
        return new RegionSpace(region, new RegionMap((int)(region.Length / region.PageSize), region.PageSize, _domains.Count));
    }

    private static string Text(long bytes) => new ByteSize(bytes).ToText();

    /// <summary>The region once it is this heap's, and what of it is free.</summary>
    private sealed record RegionSpace(IMemoryRegion Region, RegionMap Map);
}
