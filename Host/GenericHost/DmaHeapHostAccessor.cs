namespace DmaHeap.Hosting;

/// <summary>Where other services of a generic host find the running heap host. Thread-safe.</summary>
public sealed class DmaHeapHostAccessor
{
    private DmaHeapHost? _host;

    /// <summary>The running host.</summary>
    /// <exception cref="InvalidOperationException">It is not running: not yet, or no more.</exception>
    public DmaHeapHost Host => Volatile.Read(ref _host) ?? throw new InvalidOperationException("The heap host is not running.");

    internal void Set(DmaHeapHost? host) => Volatile.Write(ref _host, host);
}
