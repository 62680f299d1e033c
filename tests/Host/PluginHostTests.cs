using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.Host;

/// <summary>A host whose heaps come from a configuration and from real plugin files.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class PluginHostTests
{
    [Fact]
    public void Plugins_are_gone_from_the_process_after_the_host_was_stopped_while_buffers_live_on()
    {
        using var directory = new TemporaryDirectory();
        Configure(directory, """{ "version": 1, "heaps": { "system": { "plugin": "SystemHeap", "aliases": ["sys"] }, "cma": { "plugin": "CmaHeap", "options": { "size": "4MiB" } } } }""");
        var before = PluginContexts();
        var (buffer, during) = Use(directory);
        using (buffer)
        {
            Assert.Equal(before + 2, during);
            Eventually.True(() => Collected(() => PluginContexts() == before), "a plugin is still loaded");
            Assert.Equal(8192, FileStatus.Of(buffer.Handle).Length);
        }
    }

    [Fact]
    public void Every_wrong_plugin_and_option_is_reported_at_once_and_nothing_is_loaded_or_listened_on()
    {
        using var directory = new TemporaryDirectory();
        Configure(directory, """
            { "version": 1, "heaps": {
                "a": { "plugin": "NoSuchHeap" },
                "b": { "plugin": "SystemHeap", "options": { "sise": 1 } },
                "c": { "plugin": "CmaHeap", "options": { "size": "4 bananas" } },
                "d": { "plugin": "HostReferencingPlugin" } } }
            """);
        var before = PluginContexts();
        var message = StartWrongly(directory);
        foreach (var part in new[] { "NoSuchHeap", "takes no options", "bananas", "HostReferencingPlugin" }) Assert.True(message.Contains(part), $"{part} is not in\n{message}");
        Assert.False(File.Exists(directory["socket"]));
        Eventually.True(() => Collected(() => PluginContexts() == before), "a plugin is still loaded");
    }

    [Fact]
    public void What_is_wrong_with_the_file_and_what_only_plugins_know_is_told_at_once()
    {
        using var directory = new TemporaryDirectory();
        Configure(directory, """
            { "version": 1, "heaps": {
                "a": { "plugin": "SystemHeap", "access": { "mode": "0999" } },
                "b": { "plugin": "CmaHeap", "options": { "size": "4 bananas" } },
                "c": { "plugin": "NoSuchHeap" },
                "d": { "plugin": "SystemHeap", "aliases": [ "a" ] } } }
            """);
        var message = StartWrongly(directory);
        foreach (var part in new[] { ":2:", "0999", ":3:", "bananas", ":4:", "NoSuchHeap", ":5:" }) Assert.True(message.Contains(part), $"{part} is not in\n{message}");
    }

    [Fact]
    public void A_plugin_that_is_not_required_and_not_there_is_listed_with_its_reason()
    {
        using var directory = new TemporaryDirectory();
        Configure(directory, """{ "version": 1, "heaps": { "system": { "plugin": "SystemHeap" }, "gone": { "plugin": "NoSuchHeap", "required": false } } }""");
        using var host = DmaHeapHost.Start(Options(directory), NullLoggerFactory.Instance);
        Assert.Equal(["system", "gone"], host.Heaps.Select(heap => heap.Name));
        Assert.Contains("NoSuchHeap", host.Heaps[1].Unavailable);
        Assert.Null(host.Heaps[0].Unavailable);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (ExportedBuffer Buffer, int Contexts) Use(TemporaryDirectory directory)
    {
        using var host = DmaHeapHost.Start(Options(directory), NullLoggerFactory.Instance);
        using (var client = RawClient.Greeted(directory["socket"])) client.Allocate("cma", 1 << 20).Dispose();
        return (host.Allocate(new BufferRequest { Heap = "sys", Length = 5000, Caller = TestHost.Us }), PluginContexts());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string StartWrongly(TemporaryDirectory directory) =>
        Assert.Throws<ConfigurationException>(() => DmaHeapHost.Start(Options(directory), NullLoggerFactory.Instance)).Message;

    private static void Configure(TemporaryDirectory directory, string json) => directory.Write("plugins.json", json);

    private static DmaHeapHostOptions Options(TemporaryDirectory directory) => new()
    {
        ConfigurationPath = directory["plugins.json"],
        SocketPath = directory["socket"],
        PluginFolders = [Builds.Folder("SystemHeap"), Builds.Folder("CmaHeap"), Builds.Folder("HostReferencingPlugin")],
    };

    private static bool Collected(Func<bool> condition)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return condition();
    }

    private static int PluginContexts() => AssemblyLoadContext.All.Count(context => context.IsCollectible);
}
