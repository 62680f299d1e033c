using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Tests.Host;

/// <summary>The heap host as one service of somebody's generic host.</summary>
public sealed class GenericHostTests
{
    [Fact]
    public async Task Heaps_are_served_while_the_generic_host_runs_and_no_longer()
    {
        var folder = Directory.CreateTempSubdirectory("dmaheap-test-").FullName;
        var socket = Path.Combine(folder, "socket");
        try
        {
            using var host = Build(new DmaHeapHostOptions { PluginFiles = [Builds.Plugin("SystemHeap")], SocketPath = socket });
            await host.StartAsync();
            await using (var client = await DmaHeapClient.ConnectAsync(socket))
            {
                using var buffer = await client.AllocateAsync("systemheap", 4096);
                Assert.Equal(1, host.Services.GetRequiredService<DmaHeapHostAccessor>().Host.LiveBuffers);
            }

            await host.StopAsync();
            Assert.False(File.Exists(socket));
            Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<DmaHeapHostAccessor>().Host);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_heap_that_cannot_start_stops_the_generic_host_from_starting()
    {
        var definition = new HeapDefinition { Name = "broken", Create = _ => throw new HeapException(HeapErrno.NoDevice, "no-luck", "there is no luck on this machine") };
        using var host = Build(new DmaHeapHostOptions { Heaps = [definition] });
        var refused = await Assert.ThrowsAsync<HeapStartException>(() => host.StartAsync());
        Assert.Contains("there is no luck on this machine", refused.Message);
    }

    private static IHost Build(DmaHeapHostOptions options)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.Services.AddDmaHeapHost(options);
        return builder.Build();
    }
}
