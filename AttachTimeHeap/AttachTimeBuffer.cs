namespace DmaHeap.Heaps;

/// <summary>
/// A buffer of <see cref="AttachTimeHeap"/>: nothing, until an importer maps it; from then on pages that serve all who were attached at that moment.
/// </summary>
public sealed class AttachTimeBuffer : HeapBuffer
{
    private readonly IHeapContext _context;
    private readonly List<BufferAttachment> _attached = [];
    private readonly CommitPolicy _commit;
    private readonly int _expected;
    private IHeapMemory? _pages;
    private string _madeFor = "";
    private int _attachedCount; // read by the timer, while ops go on

    internal AttachTimeBuffer(IHeapContext context, IHeapMemory standIn, in AllocationRequest request)
        : base(standIn)
    {
        _context = context;
        _commit = request.Commit;
        _expected = Math.Max(1, request.ExpectedImporters);
        Text = $"{new ByteSize(Length).ToText()}{(request.Name.Length == 0 ? "" : $" \"{request.Name}\"")}, allocated by process {request.Caller.ProcessId} of user {request.Caller.UserId}";
    }

    /// <summary>The buffer for a sentence.</summary>
    internal string Text { get; }

    /// <summary>The warning about importers that have not come; null when enough are attached or the memory is there. Safe from any thread.</summary>
    internal string? Missing
    {
        get
        {
            var attached = Volatile.Read(ref _attachedCount);
            return attached >= _expected || Volatile.Read(ref _pages) is not null ? null : $"{attached} of {_expected} importers are attached";
        }
    }

    /// <inheritdoc/>
    /// <exception cref="HeapException">
    /// EINVAL <see cref="HeapCause.ConstraintsNotMet"/>: no memory of this machine serves the importer. EBUSY <see cref="HeapCause.ConstraintsConflict"/>: it rules
    /// out what another importer needs, or the memory that is there by now; the sentence names both.
    /// </exception>
    public override BufferAttachment Attach(in AttachRequest request)
    {
        var attachment = new BufferAttachment(in request);
        if (attachment.Constraints.Caching == ImporterCaching.Uncached) ThrowIfOthersCache(attachment);

        // Alone first: what no memory can serve is the importer's own affair, not a conflict.
        var constraints = attachment.Constraints;
        constraints.ThrowIfNotMetBy(PlannedPages.For(Length, _context.Memory.Capabilities, [constraints]));
        if (_pages is null) ThrowIfNotTogether(attachment);
        else ThrowIfTooLate(attachment, _pages);
        _attached.Add(attachment);
        Volatile.Write(ref _attachedCount, _attached.Count);
        return attachment;
    }

    /// <inheritdoc/>
    public override void Detach(BufferAttachment attachment)
    {
        _attached.Remove(attachment);
        Volatile.Write(ref _attachedCount, _attached.Count);
    }

    /// <inheritdoc/>
    /// <exception cref="HeapException">
    /// EAGAIN <see cref="HeapCause.ImportersMissing"/>: fewer importers are attached than the allocation stated. ENOMEM as the memory service has it; then the next
    /// map tries again.
    /// </exception>
    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        var pages = _pages ?? MakePages();
        return MemorySegment.Cut(pages, attachment.Constraints.SegmentStep(pages));
    }

    /// <summary>Lets go of the pages; importers that still map them keep them. Called once, with the buffer's release.</summary>
    internal void DisposePages() => _pages?.Dispose();

    private IHeapMemory MakePages()
    {
        if (_attached.Count < _expected)
        {
            throw new HeapException(HeapErrno.TryAgain, HeapCause.ImportersMissing,
                $"{_attached.Count} of the {_expected} importers stated at the allocation are attached; memory is made for all of them, so map again when they are");
        }

        var machine = _context.Memory.Capabilities;
        var plan = PlannedPages.For(Length, machine, _attached.Select(each => each.Constraints));
        var pages = TakePages(plan, machine);
        _madeFor = string.Join(", ", _attached.Select(each => each.ImporterText).Distinct());
        Volatile.Write(ref _pages, pages);
        _context.Log.Write(
            HeapLogLevel.Information,
            $"Memory was made for a buffer ({Text}), in pages of {new ByteSize(pages.PageSize).ToText()}, for {_madeFor}",
            new LogField("Length", pages.Length),
            new LogField("PageSize", pages.PageSize),
            new LogField("Importers", _attached.Count));
        return pages;
    }

    private IHeapMemory TakePages(PlannedPages plan, MemoryCapabilities machine)
    {
        try
        {
            return _context.Memory.AllocatePages(plan.ToRequest(machine, _commit));
        }
        catch (HeapException refusal) when (plan.PageSize != machine.PageSize)
        {
            var who = _attached.Find(each => PlannedPages.For(Length, machine, [each.Constraints]).PageSize == plan.PageSize)!;
            throw new HeapException(refusal.Errno, refusal.Cause, $"{who.ImporterText} needs pages of {new ByteSize(plan.PageSize).ToText()}: {refusal.Message}", refusal);
        }
    }

    private void ThrowIfOthersCache(BufferAttachment attachment)
    {
        if (_attached.Find(other => other.Constraints.Caching == ImporterCaching.Cached) is not { } cached) return;
        throw Conflict(attachment, "needs uncached memory", $"{cached.ImporterText} needs it cached");
    }

    // Larger pages can only break what depends on the length, which grows to whole ones.
    private void ThrowIfNotTogether(BufferAttachment attachment)
    {
        BufferAttachment[] all = [.. _attached, attachment];
        var plan = PlannedPages.For(Length, _context.Memory.Capabilities, all.Select(each => each.Constraints));
        foreach (var each in all)
        {
            if (WhyNot(each.Constraints, plan) is not { } why) continue;
            var needy = all.First(other => PlannedPages.For(Length, _context.Memory.Capabilities, [other.Constraints]).PageSize == plan.PageSize);
            var other = ReferenceEquals(each, attachment) ? needy : each;
            throw Conflict(attachment, $"cannot share pages of {new ByteSize(plan.PageSize).ToText()}", $"{other.ImporterText}: {why}");
        }
    }

    private void ThrowIfTooLate(BufferAttachment attachment, IHeapMemory pages)
    {
        if (WhyNot(attachment.Constraints, pages) is not { } why) return;
        throw Conflict(attachment, "comes too late", $"the memory was made for {_madeFor}, and {why}");
    }

    private static string? WhyNot(AttachConstraints constraints, IHeapMemory memory)
    {
        try
        {
            constraints.ThrowIfNotMetBy(memory);
            return null;
        }
        catch (HeapException refusal)
        {
            return refusal.Message;
        }
    }

    private static HeapException Conflict(BufferAttachment attachment, string what, string why) =>
        new(HeapErrno.Busy, HeapCause.ConstraintsConflict, $"{attachment.ImporterText} {what}; {why}");
}
