using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>Starts and stops the heap host with its generic host.</summary>
internal sealed class DmaHeapHostService(DmaHeapHostOptions options, ILoggerFactory logging, DmaHeapHostAccessor accessor) : IHostedService
{
    private DmaHeapHost? _host;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _host = DmaHeapHost.Start(options, logging);
        accessor.Set(_host);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        accessor.Set(null);
        Interlocked.Exchange(ref _host, null)?.Dispose();
        return Task.CompletedTask;
    }
}
