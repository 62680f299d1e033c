namespace DmaHeap.Hosting.Configuration;

/// <summary>Something that stands in a file. Both are worked out when asked for: only an error asks.</summary>
internal interface IPlaced
{
    SourceLocation Location { get; }

    string Path { get; }
}
