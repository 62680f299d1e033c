namespace DmaHeap.Tests.Loader;

/// <summary>All a heap needs to be created: a log that is kept, and no memory.</summary>
sealed class FakeHeapContext(CancellationToken stopping = default) : IHeapContext, IHeapLog
{
    public List<string> Messages { get; } = [];

    public string Name => "fake";

    public IHeapLog Log => this;

    public IHeapMemoryService Memory => throw new NotSupportedException();

    public IHeapStatistics Statistics => throw new NotSupportedException();

    public TimeProvider Time => TimeProvider.System;

    public CancellationToken Stopping => stopping;

    public bool IsEnabled(HeapLogLevel level) => true;

    public void Write(HeapLogLevel level, string message, params LogField[] fields) => Messages.Add(message);
}
