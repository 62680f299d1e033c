using DmaHeap.Hosting.Isolation;

namespace DmaHeap.Worker;

/// <summary>The host as the heap sees it, from another process.</summary>
internal sealed class WorkerContext(string name, int logLevels, HostMemoryService memory, Upcalls upcalls, CancellationToken stopping) : IHeapContext, IHeapLog, IHeapStatistics
{
    [ThreadStatic]
    private static RequestId t_request;

    public string Name => name;

    public IHeapLog Log => this;

    public IHeapMemoryService Memory => memory;

    public IHeapStatistics Statistics => this;

    public TimeProvider Time => TimeProvider.System;

    public RequestId Request => t_request;

    public CancellationToken Stopping => stopping;

    public long Buffers => Counted()[0];

    public long Bytes => Counted()[1];

    public long PeakBytes => Counted()[2];

    public long Allocations => Counted()[3];

    public long Failures => Counted()[4];

    /// <summary>The request this thread carries out.</summary>
    public static RequestId CurrentRequest => t_request;

    /// <summary>Says which request this thread carries out.</summary>
    public static void SetRequest(RequestId request) => t_request = request;

    // As it was when the heap started: to ask each time would cost what not writing is to save.
    public bool IsEnabled(HeapLogLevel level) => (logLevels & (1 << (int)level)) != 0;

    public void Write(HeapLogLevel level, string message, params LogField[] fields)
    {
        const int Most = 32;
        if (!IsEnabled(level)) return;
        try
        {
            upcalls.Tell(to =>
            {
                to.Begin(WireKind.Log).Int((int)level).Text(message).Int(Math.Min(Most, fields.Length));
                foreach (var field in fields.Take(Most)) to.Text(field.Name, 64).Text(field.Value, 512);
            });
        }
        catch (WireException)
        {
            // The host is gone, and its log with it: a log never throws.
        }
    }

    private long[] Counted() => upcalls.Ask(static to => to.Begin(WireKind.Statistics), static (from, _) => new[] { from.Long(), from.Long(), from.Long(), from.Long(), from.Long() });
}
