using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Turnover;

/// <summary>Which plugin files a host takes, and how they are kept.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class TrustTests : IDisposable
{
    private readonly Deployment _deployment = new();

    public void Dispose() => _deployment.Dispose();

    [Fact]
    public void A_plugin_of_the_hash_that_is_trusted_is_loaded_and_another_refused_at_its_place()
    {
        Configure(HashOf(_deployment.Plugin).ToUpperInvariant());
        using var host = _deployment.Start();
        host.Allocate(4096, "turn").Dispose();

        var trusted = HashOf(_deployment.Plugin);
        _deployment.Deploy(2);
        var refusal = Assert.Throws<HeapChangeException>(() => host.Host.Reload());
        Assert.Contains("plugins.json:1:", refusal.Message);
        Assert.Contains("$.heaps.turn.sha256", refusal.Message);
        Assert.Contains($"its SHA-256 is {HashOf(_deployment.Plugin)}, and {trusted} is wanted", refusal.Message);
        Assert.Equal("code-version-1", Deployment.Which(host, "turn"));

        Configure(HashOf(_deployment.Plugin));
        Assert.Equal(1, host.Host.Reload().Replaced);
        Assert.Equal("code-version-2", Deployment.Which(host, "turn"));
    }

    [Fact]
    public void A_hash_that_is_none_is_refused()
    {
        Configure("abc");
        Assert.Contains("64 of 0-9 a-f", Assert.Throws<ConfigurationException>(() => _deployment.Start()).Message);
    }

    [Fact]
    public void Every_file_of_a_plugin_is_held_to_its_hash_where_all_are_listed()
    {
        var library = DeployLibrary();
        ConfigureFiles(All());
        using var host = _deployment.Start();
        host.Allocate(4096, "turn").Dispose();

        // One byte of a native library, which the hash of the main assembly does not see.
        var trusted = HashOf(library);
        using (var file = File.OpenWrite(library))
        {
            file.Seek(0, SeekOrigin.End);
            file.WriteByte(0);
        }

        var refusal = Refused(host);
        Assert.Contains("plugins.json:1:", refusal);
        Assert.Contains("$.heaps.turn.sha256", refusal);
        Assert.Contains($"the SHA-256 of native/libvendor.so is {HashOf(library)}, and {trusted} is wanted", refusal);
        Assert.DoesNotContain("TurnoverPlugin.dll is", refusal);
        host.Allocate(4096, "turn").Dispose();

        ConfigureFiles(All());
        Assert.Equal(1, host.Host.Reload().Replaced);
        File.WriteAllText(Path.Combine(Folder, "beside.txt"), "");
        Assert.Contains("beside.txt is not listed (its SHA-256 is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855)", Refused(host));
        File.Delete(Path.Combine(Folder, "beside.txt"));
        File.Delete(library);
        Assert.Contains("native/libvendor.so is not there", Refused(host));
    }

    [Fact]
    public void A_plugin_that_is_loaded_already_is_held_to_the_hashes_of_the_next_heap_as_well()
    {
        DeployLibrary();
        var all = All();
        _deployment.Configure($$""" "loose": { "plugin": "TurnoverPlugin" }, "turn": { "plugin": "TurnoverPlugin", "sha256": { {{all.Replace(HashOf(_deployment.Plugin), new string('0', 64))}} } } """);
        Assert.Contains($"the SHA-256 of TurnoverPlugin.dll is {HashOf(_deployment.Plugin)}, and {new string('0', 64)} is wanted", Assert.Throws<ConfigurationException>(() => _deployment.Start()).Message);

        _deployment.Configure($$""" "loose": { "plugin": "TurnoverPlugin" }, "turn": { "plugin": "TurnoverPlugin", "sha256": { {{all}} } } """);
        using var host = _deployment.Start();
        host.Allocate(4096, "turn").Dispose();
    }

    [Fact]
    public void The_hash_of_the_main_assembly_alone_leaves_what_lies_beside_it_free()
    {
        DeployLibrary();
        Configure(HashOf(_deployment.Plugin));
        using var host = _deployment.Start();
        File.WriteAllText(Path.Combine(Folder, "beside.txt"), "");
        Assert.Equal(1, host.Host.Reload().Replaced);
    }

    [Theory]
    [InlineData("the file")]
    [InlineData("the folder")]
    [InlineData("a file beside it")]
    [InlineData("the folder above")]
    public void A_host_of_roots_takes_nothing_that_everybody_can_write_to(string what)
    {
        OtherUser.SkipUnlessRoot();
        var folder = Path.GetDirectoryName(_deployment.Plugin)!;
        var beside = Path.Combine(folder, "beside.txt");
        File.WriteAllText(beside, "");
        var open = what switch { "the file" => _deployment.Plugin, "the folder" => folder, "a file beside it" => beside, _ => Path.GetDirectoryName(folder)! };
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin" } """);
        var mode = File.GetUnixFileMode(open);
        File.SetUnixFileMode(open, mode | UnixFileMode.OtherWrite);
        Assert.Contains($"everybody can write to {open}", Assert.Throws<ConfigurationException>(() => _deployment.Start()).Message);
        File.SetUnixFileMode(open, mode);
        _deployment.Start().Dispose();
    }

    [Fact]
    public void A_plugin_that_is_to_stay_stays_and_is_not_reported_for_it()
    {
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin", "unloadable": false } """);
        using var host = _deployment.Start();
        _deployment.Deploy(2);
        host.Host.Reload();
        Eventually.True(() => host.Host.Core.Retired.Unloaded == 1, "the heap before did not end");
        Assert.Equal("code-version-2", Deployment.Which(host, "turn"));
        Assert.Empty(host.Host.Core.Plugins.Stayed);
        Assert.DoesNotContain(host.Log, line => line.StartsWith("13: ", StringComparison.Ordinal) || line.StartsWith("230: ", StringComparison.Ordinal));
    }

    private string Folder => Path.GetDirectoryName(_deployment.Plugin)!;

    // A real library, for this processor.
    private string DeployLibrary()
    {
        var library = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "native")).FullName, "libvendor.so");
        File.Copy(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so"), library);
        return library;
    }

    private string All() => string.Join(", ", Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(file => $"\"{Path.GetRelativePath(Folder, file)}\": \"{HashOf(file)}\""));

    private void ConfigureFiles(string files) => _deployment.Configure($$""" "turn": { "plugin": "TurnoverPlugin", "sha256": { {{files}} } } """);

    private static string Refused(TestHost host) => Assert.Throws<HeapChangeException>(() => host.Host.Reload()).Message;

    private static string HashOf(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    private void Configure(string sha256) => _deployment.Configure($$""" "turn": { "plugin": "TurnoverPlugin", "sha256": "{{sha256}}" } """);
}
