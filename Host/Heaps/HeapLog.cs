using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Writes a heap's entries to the host's log, with the heap's name and the named fields as structured state.</summary>
internal sealed class HeapLog(string heapName, ILogger log) : IHeapLog
{
    public bool IsEnabled(HeapLogLevel level) => log.IsEnabled(Map(level));

    public void Write(HeapLogLevel level, string message, params LogField[] fields)
    {
        var mapped = Map(level);
        if (!log.IsEnabled(mapped)) return;
        var state = new KeyValuePair<string, object?>[fields.Length + 2];
        state[0] = new("Heap", heapName);
        for (var i = 0; i < fields.Length; i++) state[i + 1] = new(fields[i].Name, fields[i].Value);
        state[^1] = new("{OriginalFormat}", message);
        log.Log(mapped, HostLog.HeapEntry, state, null, (s, _) => Format(message, s));
    }

    private static LogLevel Map(HeapLogLevel level) => level switch
    {
        HeapLogLevel.Debug => LogLevel.Debug,
        HeapLogLevel.Information => LogLevel.Information,
        HeapLogLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    private static string Format(string message, KeyValuePair<string, object?>[] state) =>
        $"{state[0].Value}: {message}{string.Concat(state[1..^1].Select(field => $" {field.Key}={field.Value}"))}";
}
