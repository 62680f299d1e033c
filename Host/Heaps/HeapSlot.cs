using DmaHeap.Hosting.Policy;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The framework's own state of one configured heap; a plugin never sees it.</summary>
internal sealed class HeapSlot(HeapDefinition definition, AccessRule access, HeapStatistics statistics)
{
    private Type? _lastBufferType;
    private bool _lastBufferTypeHasHooks;

    public HeapDefinition Definition { get; } = definition;

    public string Name => Definition.Name;

    public AccessRule Access { get; } = access;

    public HeapAccounts Accounts { get; } = new(definition.Limits);

    public HeapStatistics Statistics { get; } = statistics;

    /// <summary>The heap; null when it is unavailable.</summary>
    public IHeap? Heap { get; init; }

    /// <summary>Why it is unavailable; empty when it is not.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether a buffer's class overrides begin or end of CPU access, so that clients must send a message for it.</summary>
    public bool HasCpuAccessHooks(HeapBuffer buffer)
    {
        // A heap has one buffer class, as a rule: remembering the last one saves the reflection. A race only looks again.
        var type = buffer.GetType();
        if (ReferenceEquals(type, Volatile.Read(ref _lastBufferType))) return _lastBufferTypeHasHooks;
        var hooks = Overrides(type, nameof(HeapBuffer.BeginCpuAccess)) || Overrides(type, nameof(HeapBuffer.EndCpuAccess));
        _lastBufferTypeHasHooks = hooks;
        Volatile.Write(ref _lastBufferType, type);
        return hooks;
    }

    private static bool Overrides(Type type, string method) => type.GetMethod(method)?.DeclaringType != typeof(HeapBuffer);
}
