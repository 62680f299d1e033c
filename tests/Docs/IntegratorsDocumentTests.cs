namespace DmaHeap.Tests.Docs;

/// <summary>docs/integrators.md: its commands print what it says.</summary>
public sealed class IntegratorsDocumentTests
{
    [Fact]
    public Task The_commands_print_what_it_says() => new ConsoleDocument("integrators.md").RunAsync(atLeast: 10);
}
