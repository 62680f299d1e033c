using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Server;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>
/// A running host: heaps loaded, buffers tracked, and, with a socket path, clients served. Usable without a generic host. Thread-safe.
/// Disposing it leaves the buffers that clients hold intact.
/// </summary>
public sealed partial class DmaHeapHost : IDisposable
{
    private readonly PluginSet _plugins;
    private HostCore? _core;
    private SocketServer? _server;

    private readonly ReloadWatch? _reloads;

    private DmaHeapHost(PluginSet plugins, HostCore core, SocketServer? server)
    {
        _reloads = core.Options is { WatchFiles: true, ConfigurationPath: not null } or { WatchFiles: true, PluginFiles.Count: > 0 } ? ReloadWatch.TryStart(core) : null;
        _plugins = plugins;
        _core = core;
        _server = server;
    }

    /// <summary>Starts a host: everything is checked before anything is published, and a failure leaves nothing behind.</summary>
    /// <param name="options">How it is set up.</param>
    /// <param name="logging">Where it logs.</param>
    /// <exception cref="Configuration.ConfigurationException">The configuration is wrong; all that is wrong with it at once.</exception>
    /// <exception cref="Plugins.PluginException">A plugin file given by the program cannot be loaded.</exception>
    /// <exception cref="ArgumentException">Two heaps share a name, or a name is not allowed.</exception>
    /// <exception cref="HeapStartException">A required heap cannot start.</exception>
    /// <exception cref="SocketInUseException">The socket path is taken.</exception>
    public static DmaHeapHost Start(DmaHeapHostOptions options, ILoggerFactory logging)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logging);
        var log = logging.CreateLogger("DmaHeap");
        var place = PlaceOf(options);
        var plugins = new PluginSet(log, options.Time);
        HostCore? core = null;
        try
        {
            core = new HostCore(HostPlan.Make(options, plugins), options, plugins, log);
            foreach (var stored in options.StoredBuffers) core.Adopter.AdoptStored(stored);
            return new DmaHeapHost(plugins, core, place is null ? null : new SocketServer(core, place, log));
        }
        catch
        {
            core?.Dispose();
            plugins.Abandon();
            place?.Dispose();
            throw;
        }
    }

    /// <summary>Names of the heaps, in the order of the configuration, with why each cannot be used; null when it can.</summary>
    public IReadOnlyList<(string Name, string? Unavailable)> Heaps =>
        [.. Core.Registry.Slots.Select(slot => (slot.Name, slot.Heap is null ? slot.Reason : null))];

    /// <summary>Other names of a heap, in the order of the configuration; possibly none.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT.</exception>
    public IReadOnlyList<string> AliasesOf(string heap) => Core.Registry.Find(heap).Definition.Aliases;

    /// <summary>Buffers alive now, in whatever process, and those that are gone but that their heap has not taken back yet.</summary>
    public int LiveBuffers => Core.LiveBuffers;

    /// <summary>What the host counts for a heap.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <exception cref="HeapException">ENOENT.</exception>
    public IHeapStatistics Statistics(string heap) => Core.Registry.Find(heap).Statistics;

    /// <summary>Reads on in a heap's journal.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <param name="after">Number of the last line known; 0 to begin at the oldest that is kept.</param>
    /// <param name="most">Most lines wanted; positive.</param>
    /// <exception cref="HeapException">ENOENT; EOPNOTSUPP, <see cref="HeapCause.NoJournal"/>: the heap keeps none; EIO: the heap failed.</exception>
    public HeapJournalPage ReadJournal(string heap, long after = 0, int most = 256) => Core.Ops.ReadJournal(Core.Registry.Find(heap), after, most);

    /// <summary>Allocates a buffer within this process, by the same way and checks as a client's.</summary>
    /// <param name="request">What is asked for, and on whose behalf.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The buffer; its descriptor is the caller's to dispose.</returns>
    /// <exception cref="HeapException">Refused; see its errno and cause.</exception>
    public ExportedBuffer Allocate(in BufferRequest request, CancellationToken cancellationToken = default)
    {
        var core = Core;
        using var scope = CurrentRequest.EnterEmbedded();
        var client = new ReusableDescriptor();
        var record = core.Allocator.Allocate(in request, client, cancellationToken);
        var exported = new ExportedBuffer(
            new BufferId(core.Epoch, record.Sequence), client.ToFileHandle(), record.Length, record.Memory.MappedPageSize, Replies.FlagsOf(record));
        core.Records.LetGo(record);
        return exported;
    }

    /// <summary>
    /// Stops: accepts nobody, finishes what is under way, closes connections, gives every buffer still alive back to its heap once with
    /// <see cref="ReleaseReason.HostStopping"/> (clients keep their memory), disposes the heaps in order and unloads their plugins.
    /// </summary>
    public void Dispose()
    {
        _core?.AnnounceStop(); // first: a heap that starts in a reload may be waiting for it
        _reloads?.Dispose();
        StopServing();
        _plugins.Dispose();
    }

    /// <summary>Clients connected now.</summary>
    internal int Connections => _server?.Connections ?? 0;

    /// <summary>What serves the socket; null without one.</summary>
    internal SocketServer? Server => _server;

    internal HostCore Core => _core ?? throw new ObjectDisposedException(nameof(DmaHeapHost));

    private static ISocketPlace? PlaceOf(DmaHeapHostOptions options)
    {
        if (options.ListeningSocket is { } given) return new GivenSocket(options.SocketPath ?? "the socket given", given);
        return options.SocketPath is { } path ? SocketClaim.Take(path) : null;
    }

    // Not inlined, and nothing kept: an object of a plugin left on this stack would keep the plugin from being unloaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StopServing()
    {
        var core = Interlocked.Exchange(ref _core, null);
        core?.AnnounceStop();
        Interlocked.Exchange(ref _server, null)?.Dispose();
        core?.Dispose();
    }
}
