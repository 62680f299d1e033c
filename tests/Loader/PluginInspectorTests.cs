using System.Security.Cryptography;
using DmaHeap.Plugins;

namespace DmaHeap.Tests.Loader;

public sealed class PluginInspectorTests : IDisposable
{
    readonly PluginSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void A_plugin_tells_what_it_is_without_being_loaded()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        PluginManifest manifest = PluginInspector.Inspect(path);

        Assert.Empty(manifest.Problems);
        Assert.Equal("GoodPlugin", manifest.Name);
        Assert.Equal(path, manifest.Path);
        Assert.Equal(typeof(IHeap).Assembly.GetName().Version, manifest.ContractVersion);
        Assert.Equal($".NETCoreApp,Version=v{Environment.Version.Major}.0", manifest.TargetFramework);
        Assert.Null(manifest.Machine);
        Assert.False(manifest.IsReadyToRun);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), manifest.Sha256);
        Assert.Equal(
            [new HeapTypeManifest("GoodPlugin.ProbeHeap", "GoodPlugin.ProbeOptions", "probe"), new HeapTypeManifest("GoodPlugin.PlainHeap", null, "PlainHeap")],
            manifest.HeapTypes);
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), assembly => !assembly.IsDynamic && assembly.Location == path);
    }

    [Fact]
    public void Each_reference_is_told_apart()
    {
        IReadOnlyList<PluginReference> references = PluginInspector.Inspect(_sandbox.Deploy("GoodPlugin")).References;

        Assert.Equal(PluginReferenceKind.Contract, references.Single(r => r.Name == "DmaHeap.Abstractions").Kind);
        Assert.Equal(new PluginReference("GoodLibrary", new Version(3, 1, 4, 0), PluginReferenceKind.Private, "GoodPlugin") { File = "GoodLibrary.dll", FileVersion = new Version(3, 1, 4, 0) },
            references.Single(r => r.Name == "GoodLibrary"));
        Assert.All(references.Where(r => r.Name.StartsWith("System.", StringComparison.Ordinal)), r => Assert.Equal(PluginReferenceKind.Framework, r.Kind));
        Assert.Contains(references, r => r.ReferencedBy == "GoodLibrary");
    }

    [Fact]
    public void Native_libraries_are_listed_where_they_would_be_found()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string folder = Path.GetDirectoryName(path)!;
        File.WriteAllText(Path.Combine(folder, "libone.so"), "");
        Directory.CreateDirectory(Path.Combine(folder, "runtimes/linux/native"));
        File.WriteAllText(Path.Combine(folder, "runtimes/linux/native/libtwo.so.2"), "");

        File.WriteAllBytes(Path.Combine(folder, "libthree.so"), File.ReadAllBytes("/proc/self/exe")[..64]);

        string ours = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        PluginManifest manifest = PluginInspector.Inspect(path);
        Assert.Equal(
            [new NativeLibraryManifest("libone.so", null), new NativeLibraryManifest("libthree.so", ours), new NativeLibraryManifest("runtimes/linux/native/libtwo.so.2", null)],
            manifest.NativeLibraries);
        Assert.Empty(manifest.Problems);
    }

    [Fact]
    public void A_device_that_never_ends_is_refused_as_a_link_and_as_itself()
    {
        string link = Path.Combine(Path.GetDirectoryName(_sandbox.Deploy("GoodPlugin"))!, "link.dll");
        File.CreateSymbolicLink(link, "/dev/zero");

        Assert.Equal(PluginRefusal.BadImage, Assert.Throws<PluginException>(() => PluginInspector.Inspect(link)).Refusal);
        Assert.Equal(PluginRefusal.BadImage, Assert.Throws<PluginException>(() => PluginInspector.Inspect("/dev/zero")).Refusal);
    }

    [Fact]
    public void Whatever_byte_is_damaged_the_answer_is_a_manifest_or_a_refusal_and_never_another_error()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        byte[] whole = File.ReadAllBytes(path);
        var random = new Random(20190613);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] damaged = [.. whole];
            for (int n = random.Next(1, 8); n > 0; n--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (round % 4 == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            File.WriteAllBytes(path, damaged);
            try
            {
                PluginInspector.Inspect(path);
            }
            catch (PluginException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 300, 1500);
    }
}
