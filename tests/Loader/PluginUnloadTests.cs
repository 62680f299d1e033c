using System.Runtime.CompilerServices;
using DmaHeap.Plugins;

namespace DmaHeap.Tests.Loader;

public sealed class PluginUnloadTests : IDisposable
{
    readonly PluginSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_plugin_that_lets_go_is_seen_to_unload_and_its_copy_is_gone()
    {
        LoadedPlugin plugin = LoadAndUse();
        Assert.True(Directory.Exists(plugin.CopyFolder));
        UnloadReport report = await plugin.UnloadAsync();

        Assert.True(report.Unloaded, report.Detail);
        Assert.False(Directory.Exists(plugin.CopyFolder));
        Assert.Empty(_sandbox.Copies);
        Assert.Throws<ObjectDisposedException>(() => plugin.HeapTypes);
    }

    [Fact]
    public void A_plugin_that_does_not_let_go_is_reported_and_keeps_its_copy_until_it_does()
    {
        var host = new CancellationTokenSource();
        LoadedPlugin plugin = LoadLeak(host.Token);
        UnloadReport leaked = plugin.Unload();

        Assert.False(leaked.Unloaded);
        Assert.Contains("'LeakyPlugin' is not unloaded", leaked.Detail, StringComparison.Ordinal);
        Assert.True(Directory.Exists(plugin.CopyFolder));

        host.Cancel(); // runs and drops the registration that held it
        UnloadReport second = plugin.Unload();
        Assert.True(second.Unloaded, second.Detail);
        Assert.False(Directory.Exists(plugin.CopyFolder));
    }

    [Fact]
    public void A_plugin_loaded_to_stay_says_so()
    {
        LoadedPlugin plugin = _sandbox.Loader.Load(_sandbox.Deploy("GoodPlugin"), unloadable: false);
        Assert.False(plugin.Unloadable);
        UnloadReport report = plugin.Unload();
        Assert.False(report.Unloaded);
        Assert.Contains("not unloadable", report.Detail, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Copies);
    }

    [Fact]
    public void A_plugin_whose_constructor_threw_unloads()
    {
        LoadedPlugin plugin = LoadAndFail();
        UnloadReport report = plugin.Unload();
        Assert.True(report.Unloaded, report.Detail);
    }

    [Fact]
    public void A_second_instance_survives_the_unload_of_the_first()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        using LoadedPlugin stays = _sandbox.Loader.Load(path);
        Load(path).Dispose();
        Assert.Equal("3.1.4.0", PluginSandbox.Ask(stays, "library"));
        Assert.Equal([stays.CopyFolder], _sandbox.Copies);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    LoadedPlugin Load(string path) => _sandbox.Loader.Load(path);

    [MethodImpl(MethodImplOptions.NoInlining)]
    LoadedPlugin LoadAndUse()
    {
        LoadedPlugin plugin = Load(_sandbox.Deploy("GoodPlugin"));
        Assert.Equal("3.1.4.0", PluginSandbox.Ask(plugin, "library"));
        return plugin;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    LoadedPlugin LoadAndFail()
    {
        LoadedPlugin plugin = Load(_sandbox.Deploy("GoodPlugin"));
        try
        {
            PluginSandbox.Ask(plugin, "throw");
            Assert.Fail("the plugin should have thrown");
        }
        catch (HeapException)
        {
        }
        return plugin;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    LoadedPlugin LoadLeak(CancellationToken stopping)
    {
        LoadedPlugin plugin = Load(_sandbox.Deploy("LeakyPlugin"));
        plugin.CreateHeap(plugin.HeapTypes[0], new FakeHeapContext(stopping), options: null).Dispose();
        return plugin;
    }
}
