using DmaHeap.Hosting;

namespace DmaHeap.Testing;

/// <summary>
/// A host inside the test's own process: real buffers, heaps given as objects, no configuration, no files, no privilege. Any number may run side by side.
/// Disposing it also asserts that the test left nothing behind: no buffer, no descriptor or mapping of one, no watch. Thread-safe.
/// </summary>
/// <remarks>Dispose throws, so a test that failed already shows <see cref="LeftBehindException"/> in place of its own failure if it left something, too.</remarks>
public sealed class DmaHeapTestHost : IAsyncDisposable, IDisposable
{
    private readonly TimeSpan _patience;
    private readonly DirectoryInfo? _folder;
    private DmaHeapHost? _host;

    private DmaHeapTestHost(DmaHeapHost host, DirectoryInfo? folder, TimeSpan patience)
    {
        _host = host;
        _folder = folder;
        _patience = patience;
    }

    /// <summary>Starts a host with one heap.</summary>
    /// <param name="name">The heap's name.</param>
    /// <param name="create">Makes the heap; the host disposes it.</param>
    /// <exception cref="HeapStartException">The heap could not be made.</exception>
    public static DmaHeapTestHost Start(string name, Func<IHeapContext, IHeap> create) =>
        Start(new HeapDefinition { Name = name, Create = create });

    /// <summary>Starts a host with some heaps.</summary>
    /// <param name="heaps">The heaps.</param>
    /// <exception cref="ArgumentException">Two heaps share a name, or a name is not allowed.</exception>
    /// <exception cref="HeapStartException">A required heap could not be made.</exception>
    public static DmaHeapTestHost Start(params HeapDefinition[] heaps) => Start(new DmaHeapTestHostOptions { Heaps = heaps });

    /// <summary>Starts a host.</summary>
    /// <param name="options">How it is set up.</param>
    /// <exception cref="ArgumentException">Two heaps share a name, or a name is not allowed.</exception>
    /// <exception cref="HeapStartException">A required heap could not be made.</exception>
    public static DmaHeapTestHost Start(DmaHeapTestHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var folder = options.Listen ? Directory.CreateTempSubdirectory("dmaheap-test-") : null;
        try
        {
            var host = DmaHeapHost.Start(
                new DmaHeapHostOptions
                {
                    Heaps = options.Heaps,
                    Limits = options.Limits,
                    Time = options.Time,
                    Probe = options.Probe,
                    WatchesMemory = false, // what runs short beside a test is no part of it
                    SocketPath = folder is null ? null : Path.Join(folder.FullName, "host"),
                },
                options.Logging);
            return new DmaHeapTestHost(host, folder, options.Patience);
        }
        catch
        {
            folder?.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Starts a host with one heap, away from this thread.</summary>
    /// <inheritdoc cref="Start(string, Func{IHeapContext, IHeap})"/>
    public static Task<DmaHeapTestHost> StartAsync(string name, Func<IHeapContext, IHeap> create) => Task.Run(() => Start(name, create));

    /// <summary>Starts a host with some heaps, away from this thread.</summary>
    /// <inheritdoc cref="Start(HeapDefinition[])"/>
    public static Task<DmaHeapTestHost> StartAsync(params HeapDefinition[] heaps) => Task.Run(() => Start(heaps));

    /// <summary>Starts a host, away from this thread.</summary>
    /// <inheritdoc cref="Start(DmaHeapTestHostOptions)"/>
    public static Task<DmaHeapTestHost> StartAsync(DmaHeapTestHostOptions options) => Task.Run(() => Start(options));

    /// <summary>The host itself.</summary>
    /// <exception cref="ObjectDisposedException">It was stopped.</exception>
    public DmaHeapHost Host => _host ?? throw new ObjectDisposedException(nameof(DmaHeapTestHost));

    /// <summary>Where clients connect.</summary>
    /// <exception cref="InvalidOperationException">It does not listen.</exception>
    public string SocketPath => _folder is null
        ? throw new InvalidOperationException($"This host does not listen: start it with {nameof(DmaHeapTestHostOptions)}.{nameof(DmaHeapTestHostOptions.Listen)}.")
        : Path.Join(_folder.FullName, "host");

    /// <summary>Allocates a buffer on behalf of this process, by the same way and checks as a client's.</summary>
    /// <param name="heap">Name or alias of the heap.</param>
    /// <param name="length">Bytes asked for.</param>
    /// <param name="name">Name of the buffer.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The buffer; its descriptor is the caller's to dispose.</returns>
    /// <exception cref="HeapException">Refused; see its errno and cause.</exception>
    public ExportedBuffer Allocate(string heap, long length, string name = "", CancellationToken cancellationToken = default) =>
        Host.Allocate(
            new BufferRequest { Heap = heap, Length = checked((ulong)length), Name = name, Caller = ThisProcess.Caller }, cancellationToken);

    /// <summary>Stops the host and asserts that nothing was left. What is left is released with <see cref="ReleaseReason.HostStopping"/> first.</summary>
    /// <exception cref="LeftBehindException">Something was, after <see cref="DmaHeapTestHostOptions.Patience"/>.</exception>
    public void Dispose()
    {
        if (_host is not { } host) return;
        var left = new Leftovers([], [], [], []);
        SpinWait.SpinUntil(() => host.LiveBuffers == 0 && (left = Leftovers.Of(host.Core.Table, host.Core.Watches)).IsNothing, _patience);
        if (host.LiveBuffers > 0) left = Leftovers.Of(host.Core.Table, host.Core.Watches);
        Stop();
        if (!left.IsNothing) throw new LeftBehindException(left);
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>Stops the host whatever is left.</summary>
    internal void Stop()
    {
        Interlocked.Exchange(ref _host, null)?.Dispose();
        if (_folder is { Exists: true }) _folder.Delete(recursive: true);
    }
}
