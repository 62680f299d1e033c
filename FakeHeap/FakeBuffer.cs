namespace DmaHeap.Heaps;

/// <summary>A buffer each of whose ops is played by the script before it does what the contract's default does.</summary>
internal sealed class FakeBuffer(IHeapMemory memory, Player player, long number, string name, Caller owner, bool fragmented)
    : HeapBuffer(memory)
{
    /// <summary>Its number in the heap, from 1.</summary>
    public long Number { get; } = number;

    /// <summary>As it was named when it was allocated.</summary>
    public string Name { get; } = name;

    public override MmapPolicy MmapPolicy => player.Play(Call(FakeHook.MmapPolicy, owner), _ => base.MmapPolicy);

    public override BufferAttachment Attach(in AttachRequest request)
    {
        var asked = request;
        return player.Play(Call(FakeHook.Attach, request.Importer), _ => Join(in asked));
    }

    public override void Detach(BufferAttachment attachment) => player.Play(Call(FakeHook.Detach, attachment.Importer), () => base.Detach(attachment));

    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction) =>
        player.Play(Call(FakeHook.Map, attachment.Importer), _ => fragmented ? Runs.For(Memory, attachment.Constraints) : base.Map(attachment, direction));

    public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction) =>
        player.Play(Call(FakeHook.Unmap, attachment.Importer), () => base.Unmap(attachment, segments, direction));

    public override void BeginCpuAccess(in CpuAccess access)
    {
        var asked = access;
        player.Play(Call(FakeHook.BeginCpuAccess, access.Caller), () => base.BeginCpuAccess(in asked));
    }

    public override void EndCpuAccess(in CpuAccess access)
    {
        var asked = access;
        player.Play(Call(FakeHook.EndCpuAccess, access.Caller), () => base.EndCpuAccess(in asked));
    }

    public override MemorySegment Vmap() => player.Play(Call(FakeHook.Vmap), _ => base.Vmap());

    public override void Vunmap(MemorySegment mapping) => player.Play(Call(FakeHook.Vunmap), () => base.Vunmap(mapping));

    public FakeCall Call(FakeHook hook, Caller? caller = null) => new(hook, Number, Length, Name, caller);

    private BufferAttachment Join(in AttachRequest request)
    {
        var attachment = base.Attach(in request);
        if (!fragmented || request.Constraints.MaxSegments is not (> 0 and var most)) return attachment;
        var runs = Runs.For(Memory, request.Constraints).Count;
        if (runs <= most) return attachment;
        throw new HeapException(HeapErrno.Invalid, HeapCause.ConstraintsNotMet, $"the memory is in {runs} segments, as scripted; at most {most} were asked for");
    }
}
