using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using DmaHeap.Heaps;
using DmaHeap.Testing;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>docs/testers.md: its commands print what it says, and its code is this test's.</summary>
public sealed class TestersDocumentTests
{
    private static readonly ConsoleDocument s_document = new("testers.md");

    [Fact]
    public Task The_commands_print_what_it_says() => s_document.RunAsync(atLeast: 7);

    [Fact]
    public void The_comparison_is_to_the_letter_but_for_what_is_left_open() =>
        Assert.Equal([true, true, false, false], [ConsoleDocument.Fits("a …b\n", "a 1 b\n"), ConsoleDocument.Fits("", ""), ConsoleDocument.Fits("a …b\n", "a 1 c\n"), ConsoleDocument.Fits("a\n", "a\nb\n")]);

    [Fact]
    public async Task A_unit_test_with_a_fake()
    {
        await using var host = await DmaHeapTestHost.StartAsync("camera", context => new FakeHeap(context, new FakeOptions
        {
            Rules = [new FakeRule { On = FakeHook.Allocate, Call = 2, Fail = FakeErrno.NoMemory }],
            Journal = new FakeJournalOptions { Lines = 1000 },
        }));

        using var first = host.Allocate("camera", 8192);
        var refusal = Assert.Throws<HeapException>(() => host.Allocate("camera", 8192));

        Assert.Equal(HeapErrno.NoMemory, refusal.Errno);
        Assert.Contains("\"answer\":\"ENOMEM\"", host.Host.ReadJournal("camera").Lines[^1]);
    }

    [Fact]
    public void The_code_is_this_files()
    {
        string[] code = [.. File.ReadAllLines(ThisPath()).Select(line => line.Trim())];
        string[] shown = [.. s_document.Blocks("csharp").Select(line => line.Trim())];
        Assert.NotEmpty(shown);
        Assert.Empty(shown.Except(code));
    }

    private static string ThisPath([CallerFilePath] string path = "") => path;
}
