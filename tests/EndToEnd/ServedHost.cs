using DmaHeap.Hosting;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.EndToEnd;

/// <summary>A host with the repository's own plugins.json and the plugins as built, on a private socket.</summary>
sealed class ServedHost : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dmaheap-test-").FullName;

    public ServedHost()
    {
        Socket = Path.Combine(_folder, "socket");
        // The plugins lie where the build put them: artifacts/bin/NAME/CONFIGURATION, so each gets a folder of its own name here.
        foreach (var name in new[] { "SystemHeap", "CmaHeap", "SecureHeap", "AttachTimeHeap", "RegionHeap" }) Directory.CreateSymbolicLink(Path.Combine(_folder, name), Builds.Folder(name));
        Host = DmaHeapHost.Start(
            new DmaHeapHostOptions { ConfigurationPath = Repository.File("plugins.json"), PluginFolders = [_folder], SocketPath = Socket },
            NullLoggerFactory.Instance);
    }

    public string Socket { get; }

    public DmaHeapHost Host { get; }

    public void Dispose()
    {
        Host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
