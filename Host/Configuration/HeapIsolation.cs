namespace DmaHeap.Hosting.Configuration;

/// <summary>Where a heap's code runs.</summary>
public enum HeapIsolation
{
    /// <summary>In the host's process: the fastest, for plugins that are trusted to stay alive.</summary>
    None = 0,

    /// <summary>In a worker process that the host starts, confines and watches, and starts again when it dies.</summary>
    Process = 1,
}
