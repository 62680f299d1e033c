using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// A program that finds our heaps under /dev/dma_heap, as do all processes it starts, for as long as this lives. When this is disposed or this process ends, their ioctls of
/// the types of dma-heap and dma-buf fail with ENOSYS, and nothing waits.
/// </summary>
public sealed class SupervisedProgram : IDisposable
{
    private readonly CallServer _server;
    private readonly RefusalCounts _refusals;
    private readonly ShownDirectory _shown;

    private SupervisedProgram(int processId, CallServer server, RefusalCounts refusals, ShownDirectory shown)
    {
        ProcessId = processId;
        _server = server;
        _refusals = refusals;
        _shown = shown;
    }

    /// <summary>The program's first process, a child of this one: to be waited for.</summary>
    public int ProcessId { get; }

    /// <summary>How the program sees /dev/dma_heap.</summary>
    public DirectoryWay Way => _shown.Way;

    /// <summary>What was refused so far.</summary>
    public IReadOnlyList<RefusalSummary> Refusals => _refusals.Summaries;

    /// <summary>Starts a program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="backend">Where its buffers come from; stays the caller's, and outlives what is returned.</param>
    /// <param name="options">How it is served.</param>
    /// <exception cref="SupervisionException">It could not be started, or not be supervised; it did not run then.</exception>
    public static SupervisedProgram Start(PreparedProgram program, IHeapBackend backend, SupervisionOptions options)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(options);
        var refusals = new RefusalCounts();
        var directory = new HeapDirectory(backend.Heaps, options.ListAliases, options.Overlap);
        var launch = new Launch(program, directory, shown => new CallServer(shown, directory, backend, refusals, options.Strict));
        var processId = launch.Run();
        return new SupervisedProgram(processId, launch.Server!, refusals, launch.Shown!);
    }

    /// <summary>Serves the program no longer.</summary>
    public void Dispose()
    {
        _server.Dispose();
        _shown.Dispose();
    }
}
