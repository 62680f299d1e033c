namespace DmaHeap.Tests.Linux;

/// <summary>Tests that count this process's descriptors, or change what belongs to the whole process: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExclusiveCollection
{
    public const string Name = "Linux, exclusive";
}
