using DmaHeap.Client;

namespace DmaHeap.Tests.Docs;

/// <summary>docs/integrators.md: its commands print what it says.</summary>
public sealed class IntegratorsDocumentTests
{
    private int _held;

    [Fact]
    public Task The_commands_print_what_it_says() => new ConsoleDocument("integrators.md").RunAsync(atLeast: 10, IsUp);

    // A host is up when it answers, and knows what was held under the one before; an allocation, when its buffer is there.
    private bool IsUp(string socket, string command)
    {
        if (BuffersOf(socket) is not { } buffers) return false;
        if (command.Contains(" serve ", StringComparison.Ordinal)) return buffers == _held;
        _held = buffers;
        return buffers > 0;
    }

    private static int? BuffersOf(string socket)
    {
        try
        {
            using var client = DmaHeapClient.Connect(socket);
            return client.ListBuffersAsync().GetAwaiter().GetResult().Count;
        }
        catch (DmaHeapException)
        {
            return null;
        }
    }
}
