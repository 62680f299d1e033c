using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Recycling;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

/// <summary>How a host is set up. Heaps come from a configuration file, from <see cref="Heaps"/>, or from both.</summary>
public sealed record DmaHeapHostOptions
{
    /// <summary>Path of a <c>plugins.json</c>; null for none.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>Heaps given by the program, after those of the configuration.</summary>
    public IReadOnlyList<HeapDefinition> Heaps { get; init; } = [];

    /// <summary>Plugin files to serve beside the configuration, each with its default options, under its heap types' names in lower case: for trying out a plugin.</summary>
    public IReadOnlyList<string> PluginFiles { get; init; } = [];

    /// <summary>Heaps of the configuration that another plugin stands in for; one that the configuration does not have is refused.</summary>
    public IReadOnlyList<HeapSwap> Swaps { get; init; } = [];

    /// <summary>Folders in which plain plugin names are looked for, first match first, after the configuration's own folder.</summary>
    public IReadOnlyList<string> PluginFolders { get; init; } = [];

    /// <summary>Where to listen; null to listen nowhere and serve this process alone.</summary>
    public string? SocketPath { get; init; }

    /// <summary>
    /// A listening Unix socket of kind SOCK_SEQPACKET that somebody else made, such as a service manager; the host's from its start on. <see cref="SocketPath"/> only says then where it is;
    /// who may connect stays with whoever made it. Null for a socket of the host's own.
    /// </summary>
    public SafeFileHandle? ListeningSocket { get; init; }

    /// <summary>
    /// Buffers of a host before that somebody kept for this one. They are counted, charged to the user named with each, and released when their last reference is gone, as those that a client
    /// shows; the host closes its own descriptors before it serves. What is no buffer is closed as well, with the reason in the log.
    /// </summary>
    public IReadOnlyList<StoredBuffer> StoredBuffers { get; init; } = [];

    /// <summary>Limits over all heaps where the configuration has none of its own.</summary>
    public HostLimits Limits { get; init; } = new();

    /// <summary>Whether the configuration and the plugins' folders are watched, and reloaded when they change; see <see cref="DmaHeapHost.Reload"/>.</summary>
    public bool WatchFiles { get; init; }

    /// <summary>Told when a reload begins, whatever caused it: a change of files, <see cref="DmaHeapHost.Reload"/>, a client's request. On the reload's own thread; must neither throw nor wait for a reload.</summary>
    public Action? Reloading { get; init; }

    /// <summary>Told of each reload that ends, as <see cref="Reloading"/> is of its beginning, and with what became of it.</summary>
    public Action<ReloadOutcome>? Reloaded { get; init; }

    /// <summary>
    /// How long a heap that was replaced or taken out may wait for its last buffer, where the configuration does not say; null for as long as it takes. After it the heap is disposed:
    /// its buffers are released to it with <see cref="ReleaseReason.HeapStopping"/>, and stay their clients', counted and charged as before.
    /// </summary>
    public TimeSpan? DrainLimit { get; init; }

    /// <summary>
    /// For how long, at most 1 ms, a worker that has answered a client may look for its next request before it sleeps, where the configuration does not say: zero not to, null for
    /// what suits most machines. See docs/configuration.md, <c>server.spin</c>.
    /// </summary>
    public TimeSpan? MostSpin { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of each step of each allocation.</summary>
    internal IAllocationProbe Probe { get; init; } = NoProbe.Instance;

    /// <summary>What cleans memory that is to be used again. A test's one does not, to show that this is noticed.</summary>
    internal Func<HugePages, PageScrub> Scrub { get; init; } = static hugePages => new PageScrub(hugePages);

    /// <summary>Whether memory is given back when it runs short around the host. A test that counts who was asked has others run short beside it.</summary>
    internal bool WatchesMemory { get; init; } = true;
}
