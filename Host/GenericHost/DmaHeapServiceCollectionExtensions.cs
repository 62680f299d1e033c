using DmaHeap.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a heap host to any generic host.</summary>
public static class DmaHeapServiceCollectionExtensions
{
    /// <summary>
    /// Serves heaps for as long as the generic host runs. Start-up fails with what <see cref="DmaHeapHost.Start"/> throws. The running host is had from
    /// <see cref="DmaHeapHostAccessor"/>.
    /// </summary>
    /// <param name="services">The generic host's services.</param>
    /// <param name="options">How it is set up.</param>
    public static IServiceCollection AddDmaHeapHost(this IServiceCollection services, DmaHeapHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton(options);
        services.TryAddSingleton<DmaHeapHostAccessor>();
        services.AddSingleton<IHostedService, DmaHeapHostService>();
        return services;
    }
}
