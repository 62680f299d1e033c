using Microsoft.Extensions.Logging;

namespace DmaHeap.Cli.Exec;

/// <summary>What scripted heaps say themselves, such as their seed, and what the host has against them, on standard error.</summary>
/// <param name="heaps">The scripted heaps.</param>
/// <param name="say">Writes a line.</param>
sealed class SwapLog(IReadOnlyCollection<string> heaps, Action<string> say) : ILoggerFactory, ILogger
{
    const int HeapEntry = 100;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning || (eventId.Id == HeapEntry && IsOfOne(state))) say(formatter(state, exception));
    }

    bool IsOfOne<TState>(TState state) =>
        state is IEnumerable<KeyValuePair<string, object?>> fields && fields.Any(field => field.Key == "Heap" && heaps.Contains(field.Value as string));

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("It has one way to write.");

    public void Dispose()
    {
    }
}
