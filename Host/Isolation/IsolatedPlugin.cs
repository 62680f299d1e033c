namespace DmaHeap.Hosting.Isolation;

/// <summary>What a worker is to run: enough for it to load the very bytes that the host inspected, and to bind the options anew. Immutable.</summary>
/// <param name="MainAssembly">The plugin's main assembly in the host's private copy.</param>
/// <param name="Plugin">What the configuration calls it.</param>
/// <param name="HeapType">Which of its heap types.</param>
/// <param name="Options">The options as JSON; null where the file has none.</param>
/// <param name="OpTimeout">How long a call may take.</param>
/// <param name="HasFixedRegion">Whether the heap promises a fixed capacity, which a dead worker's buffers still take up.</param>
internal sealed record IsolatedPlugin(string MainAssembly, string Plugin, string HeapType, string? Options, TimeSpan OpTimeout, bool HasFixedRegion);
