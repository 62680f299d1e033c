namespace DmaHeap.Tests.Host;

/// <summary>Tests that count what belongs to the whole process (descriptors, threads, memory) or lower its limits: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExclusiveCollection
{
    public const string Name = "Host, exclusive";
}
