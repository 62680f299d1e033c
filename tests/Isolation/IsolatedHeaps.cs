using System.Globalization;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A host whose heaps run in real worker processes.</summary>
internal sealed class IsolatedHeaps : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TestHost _host;

    /// <param name="heaps">What the configuration says under "heaps".</param>
    /// <param name="swaps">Heaps that another plugin stands in for from the start.</param>
    public IsolatedHeaps(string heaps, params HeapSwap[] swaps)
    {
        Configure(heaps);
        try
        {
            _host = new TestHost(options => options with { Heaps = [], ConfigurationPath = _directory["plugins.json"], PluginFolders = PluginFolders, Swaps = swaps });
        }
        catch
        {
            _directory.Dispose();
            throw;
        }
    }

    public static string[] PluginFolders =>
        [Builds.Folder("SystemHeap"), Builds.Folder("CmaHeap"), Builds.Folder("SecureHeap"), Builds.Folder("RegionHeap"), Builds.Folder("FakeHeap"), Builds.Folder("DeadlyPlugin"), Builds.Folder("TakingPlugin"), Builds.Folder("CountingHeap")];

    public TestHost Host => _host;

    public void Configure(string heaps) => File.WriteAllText(_directory["plugins.json"], $$"""{ "version": 1, "heaps": { {{heaps}} } }""");

    public ExportedBuffer Allocate(string heap, ulong length = 8192, string name = "") => _host.Host.Allocate(new BufferRequest { Heap = heap, Length = length, Name = name, Caller = TestHost.Us });

    public HeapException Refused(string heap, ulong length = 8192, string name = "") =>
        Assert.Throws<HeapException>(() => _host.Host.Allocate(new BufferRequest { Heap = heap, Length = length, Name = name, Caller = TestHost.Us }).Dispose());

    public IsolatedHeap Heap(string heap) => (IsolatedHeap)_host.Host.Core.Registry.Find(heap).Heap!;

    /// <summary>The heap's worker, once there is one.</summary>
    public int Worker(string heap)
    {
        int? worker = null;
        Eventually.True(() => (worker = Heap(heap).ProcessId) is not null, $"{heap} has no worker");
        return worker!.Value;
    }

    /// <summary>Waits until another worker serves than the one that was killed.</summary>
    public void WaitForAnother(string heap, int than) => Eventually.True(() => Heap(heap).ProcessId is { } now && now != than, $"{heap} got no other worker than {than}");

    /// <summary>A field of a process's status.</summary>
    public static string Status(int process, string field) => File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
        .First(line => line.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();

    public static void Kill(int process) => Assert.Equal(Errno.None, ChildProcess.TrySignal(process, 9));

    public void Dispose()
    {
        _host.Dispose();
        _directory.Dispose();
    }
}
