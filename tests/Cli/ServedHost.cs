using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>One <c>dmaheap serve</c> for the tests of a class.</summary>
public sealed class ServedHost : IAsyncLifetime
{
    RunningProgram? _host;

    internal CliSandbox Sandbox { get; } = new();

    internal RunningProgram Host => _host!;

    public async ValueTask InitializeAsync() => _host = await Sandbox.ServeAsync();

    public ValueTask DisposeAsync()
    {
        _host?.Dispose();
        Sandbox.Dispose();
        return ValueTask.CompletedTask;
    }
}
