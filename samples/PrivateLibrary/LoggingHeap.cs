using DmaHeap;
using Microsoft.Extensions.Logging;
using Vendor;

[assembly: HeapType(typeof(LoggingHeap))]

namespace Vendor;

/// <summary>Ordinary memory, handed out by code that was there before: it logs by ILogger, as of the version of that library it was written for.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class LoggingHeap : Heap<HeapBuffer>
{
    private readonly FrameStore _store;

    public LoggingHeap(IHeapContext context) => _store = new FrameStore(context.Memory, new HostLogger(context.Log));

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) => new(_store.Take(request.Length));
}

/// <summary>The code that was there before: it knows ILogger and nothing of the host's log.</summary>
public sealed class FrameStore
{
    private readonly IHeapMemoryService _memory;

    public FrameStore(IHeapMemoryService memory, ILogger log)
    {
        _memory = memory;
        log.LogInformation("Frames are logged by {Library} {Version}", typeof(ILogger).Assembly.GetName().Name, typeof(ILogger).Assembly.GetName().Version);
    }

    public IHeapMemory Take(long length) => _memory.AllocatePages(new PageRequest { Length = length });
}

/// <summary>Hands on to the host what is logged by ILogger.</summary>
public sealed class HostLogger(IHeapLog log) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel level) => level != LogLevel.None && log.IsEnabled(LevelOf(level));

    public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        log.Write(LevelOf(level), formatter(state, exception));

    private static HeapLogLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => HeapLogLevel.Debug,
        LogLevel.Information => HeapLogLevel.Information,
        LogLevel.Warning => HeapLogLevel.Warning,
        _ => HeapLogLevel.Error,
    };
}
