using DmaHeap.Hosting.Policy;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The framework's own state of one configured heap; a plugin never sees it.</summary>
internal sealed class HeapSlot(HeapDefinition definition, AccessRule access, HeapStatistics statistics)
{
    private BufferClass? _lastBufferClass;

    public HeapDefinition Definition { get; } = definition;

    public string Name => Definition.Name;

    public AccessRule Access { get; } = access;

    public HeapAccounts Accounts { get; } = new(definition.Limits);

    public HeapStatistics Statistics { get; } = statistics;

    /// <summary>Whether it still answers.</summary>
    public HeapHealth Health { get; } = new();

    /// <summary>The heap; null when it is unavailable.</summary>
    public IHeap? Heap { get; init; }

    /// <summary>Why it is unavailable; empty when it is not.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether a buffer's class overrides begin or end of CPU access, so that clients must send a message for it.</summary>
    public bool HasCpuAccessHooks(HeapBuffer buffer)
    {
        // A heap has one buffer class, as a rule: remembering the last one saves the reflection. A race only looks again.
        var type = buffer.GetType();
        if (Volatile.Read(ref _lastBufferClass) is { } last && ReferenceEquals(type, last.Type)) return last.HasHooks;
        var hooks = Overrides(type, nameof(HeapBuffer.BeginCpuAccess)) || Overrides(type, nameof(HeapBuffer.EndCpuAccess));
        Volatile.Write(ref _lastBufferClass, new BufferClass(type, hooks));
        return hooks;
    }

    // By its parameters too: a class may have other methods of the name.
    private static bool Overrides(Type type, string method) =>
        type.GetMethod(method, [typeof(CpuAccess).MakeByRefType()])?.DeclaringType != typeof(HeapBuffer);

    // One object, so that nobody sees the type of one class with the answer of another.
    private sealed record BufferClass(Type Type, bool HasHooks);
}
