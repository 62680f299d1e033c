using System.Globalization;

namespace DmaHeap.Cli.Demo;

/// <summary>A private directory for the demo's sockets, removed with all in it.</summary>
sealed class DemoHome : IDisposable
{
    // A socket's path has at most 107 bytes; longer than this, $TMPDIR leaves too few.
    const int LongestTemporaryPath = 60;

    readonly string _path;
    int _handovers;

    DemoHome(string path) => _path = path;

    public string HostSocket => Path.Combine(_path, "socket");

    /// <summary>The socket of the host whose heaps need importers.</summary>
    public string ImportSocket => Path.Combine(_path, "import-socket");

    /// <summary>The configuration of those heaps.</summary>
    public string ImportConfiguration => Path.Combine(_path, "plugins.json");

    /// <summary>A file to stand for memory outside the machine's RAM.</summary>
    public string RegionFile => Path.Combine(_path, "region");

    public static DemoHome Create()
    {
        const string Prefix = "dmaheap-demo-";
        if (Path.GetTempPath().Length <= LongestTemporaryPath) return new DemoHome(Directory.CreateTempSubdirectory(Prefix).FullName);
        var path = $"/tmp/{Prefix}{Guid.NewGuid():N}";
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new DemoHome(path);
    }

    /// <summary>A path for one passing from A to B.</summary>
    public string NextHandover() => Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"handover-{++_handovers}"));

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
