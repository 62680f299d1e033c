namespace DmaHeap.Hosting.Heaps;

/// <summary>Which ops a buffer does in a way of its own, so that somebody must be asked.</summary>
[Flags]
internal enum BufferHooks
{
    None = 0,

    /// <summary>Begin or end of CPU access: clients must send a message for it.</summary>
    CpuAccess = 1,

    /// <summary>Attach, detach, map or unmap: it is worth finding out what program the importer runs.</summary>
    Importer = 2,

    /// <summary>Vmap or vunmap.</summary>
    Vmap = 4,

    /// <summary>The mmap policy.</summary>
    MmapPolicy = 8,

    All = CpuAccess | Importer | Vmap | MmapPolicy,
}

/// <summary>A buffer that knows its hooks better than its class tells.</summary>
internal interface IHookedBuffer
{
    BufferHooks Hooks { get; }
}

/// <summary>Finds the ops that a buffer's class overrides.</summary>
internal static class BufferClassHooks
{
    public static BufferHooks Of(Type type)
    {
        Type access = typeof(CpuAccess).MakeByRefType(), attachment = typeof(BufferAttachment), direction = typeof(DataDirection);
        var hooks = BufferHooks.None;
        if (Overrides(type, nameof(HeapBuffer.BeginCpuAccess), access) || Overrides(type, nameof(HeapBuffer.EndCpuAccess), access)) hooks |= BufferHooks.CpuAccess;
        if (Overrides(type, nameof(HeapBuffer.Attach), typeof(AttachRequest).MakeByRefType()) || Overrides(type, nameof(HeapBuffer.Detach), attachment)
            || Overrides(type, nameof(HeapBuffer.Map), attachment, direction)
            || Overrides(type, nameof(HeapBuffer.Unmap), attachment, typeof(IReadOnlyList<MemorySegment>), direction)) hooks |= BufferHooks.Importer;
        if (Overrides(type, nameof(HeapBuffer.Vmap)) || Overrides(type, nameof(HeapBuffer.Vunmap), typeof(MemorySegment))) hooks |= BufferHooks.Vmap;
        if (type.GetProperty(nameof(HeapBuffer.MmapPolicy))?.DeclaringType != typeof(HeapBuffer)) hooks |= BufferHooks.MmapPolicy;
        return hooks;
    }

    /// <summary>The hook that an op belongs to; null for one that is called whoever has it.</summary>
    public static BufferHooks? HookOf(string op) => op switch
    {
        nameof(HeapBuffer.Attach) or nameof(HeapBuffer.Detach) or nameof(HeapBuffer.Map) or nameof(HeapBuffer.Unmap) => BufferHooks.Importer,
        nameof(HeapBuffer.BeginCpuAccess) or nameof(HeapBuffer.EndCpuAccess) => BufferHooks.CpuAccess,
        nameof(HeapBuffer.Vmap) or nameof(HeapBuffer.Vunmap) => BufferHooks.Vmap,
        nameof(HeapBuffer.MmapPolicy) => BufferHooks.MmapPolicy,
        _ => null,
    };

    // By its parameters too: a class may have other methods of the name.
    private static bool Overrides(Type type, string method, params Type[] parameters) =>
        type.GetMethod(method, parameters)?.DeclaringType != typeof(HeapBuffer);
}
