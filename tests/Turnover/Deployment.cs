using System.Runtime.CompilerServices;
using System.Text;
using DmaHeap.Hosting;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Turnover;

/// <summary>A configuration and plugins in a folder of their own, which a test changes as an integrator would while a host runs.</summary>
internal sealed class Deployment : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public Deployment() => Deploy(1);

    public string Configuration => _directory["plugins.json"];

    /// <summary>The deployed plugin's file.</summary>
    public string Plugin => Path.Combine(_directory.Path, "TurnoverPlugin", "TurnoverPlugin.dll");

    public string this[string name] => _directory[name];

    public static string[] PluginFolders => [Builds.Folder("SystemHeap"), Builds.Folder("CmaHeap"), Builds.Folder("RegionHeap"), Builds.Folder("FakeHeap")];

    /// <summary>Writes the plugin's file in place, as no deployment should: the same inode, other bytes.</summary>
    public void Deploy(int version)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Plugin)!);
        File.WriteAllBytes(Plugin, CodeOf(version));
    }

    /// <summary>Puts the file there as a deployment does: whole, by a rename.</summary>
    public void DeployByRename(int version)
    {
        File.WriteAllBytes(_directory["incoming"], CodeOf(version));
        File.Move(_directory["incoming"], Plugin, overwrite: true);
    }

    public void Configure(string heaps, string more = "") => File.WriteAllText(Configuration, $$"""{ "version": 1, {{more}} "heaps": { {{heaps}} } }""");

    public TestHost Start(Func<DmaHeapHostOptions, DmaHeapHostOptions>? change = null) => new(options =>
    {
        var configured = options with { Heaps = [], ConfigurationPath = Configuration, PluginFolders = PluginFolders };
        return change is null ? configured : change(configured);
    });

    /// <summary>What the code behind a heap says it is.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static string Which(TestHost host, string heap) =>
        Assert.Throws<HeapException>(() => host.Host.Allocate(new BufferRequest { Heap = heap, Length = 4096, Name = "which", Caller = TestHost.Us }).Dispose()).Message;

    public void Dispose() => _directory.Dispose();

    private static byte[] CodeOf(int version)
    {
        var bytes = File.ReadAllBytes(Builds.Plugin("TurnoverPlugin"));
        var literal = Encoding.Unicode.GetBytes("code-version-1");
        var digit = Encoding.Unicode.GetBytes(version.ToString(System.Globalization.CultureInfo.InvariantCulture)[..1]);
        var found = 0;
        for (int at = 0, next; (next = bytes.AsSpan(at).IndexOf(literal)) >= 0; at += next + literal.Length, found++) digit.CopyTo(bytes, at + next + literal.Length - digit.Length);
        Assert.True(found > 0, "the plugin has no version to change");
        return bytes;
    }
}
