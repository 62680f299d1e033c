using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>What a program sees that is not as with a real kernel, pinned line by line in differences.txt, with and without <c>--strict</c>. What other tests hold is named there too.</summary>
public sealed class DifferencesTests
{
    private const int Kernel = 1, Mounted = 2, Imitated = 3, Strict = 2;
    private const int Columns = 6;
    private const string NoSecureHeap = "mmap-secure unavailable";

    [Theory]
    [InlineData(User.Ourselves, false)]
    [InlineData(User.Ourselves, true)]
    [InlineData(User.Nobody, false)]
    [InlineData(User.Nobody, true)]
    [InlineData(User.Ourselves, false, "-m32")]
    [InlineData(User.Ourselves, true, "-m32")]
    [InlineData(User.Nobody, true, "-m32")]
    [InlineData(User.Nobody, true, "-m32", "-D_FILE_OFFSET_BITS=64")]
    public async Task A_program_sees_what_was_written_down(User user, bool strict, params string[] built)
    {
        using var sandbox = new ExecSandbox(user);
        var configuration = sandbox.Configure("three.json", """
            {
              "version": 1,
              "heaps": {
                "system": { "plugin": "SystemHeap" },
                "region": { "plugin": "CmaHeap", "options": { "size": "1MiB" } },
                "secure": { "plugin": "SecureHeap", "required": false }
              }
            }
            """);
        string[] options = strict ? ["--strict"] : [];
        var ended = await sandbox.RunAsync(["--config", configuration, .. options], [CCompiler.Compile("exec/differences", built), "region", "secure"]);
        ProgramAssert.Exit(0, ended);
        var way = await sandbox.MountsAsync() ? Mounted : Imitated;
        var expected = WrittenDown(strict ? way + Strict : way);
        // A kernel without secret memory has no secure heap, and then nothing can be said of its buffers.
        if (ended.Output.Contains(NoSecureHeap)) expected = [.. expected.Select(line => line.StartsWith("mmap-secure ", StringComparison.Ordinal) ? NoSecureHeap : line)];
        var seen = ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(expected.SequenceEqual(seen), "seen, but not written down:\n" + string.Join('\n', seen.Except(expected)));
    }

    [Fact]
    public void Strict_differs_from_the_kernel_in_fewer_lines()
    {
        var kernel = WrittenDown(Kernel);
        Assert.NotEmpty(kernel);
        foreach (var way in new[] { Mounted, Imitated }) Assert.True(kernel.Except(WrittenDown(way + Strict)).Count() < kernel.Except(WrittenDown(way)).Count());
    }

    /// <summary>A column of the table, in the form of the program's output.</summary>
    private static string[] WrittenDown(int column) =>
        [.. File.ReadLines(Repository.File("tests", "Exec", "differences.txt"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(cells => cells.Length == Columns && cells[1] != "-")
            .Select(cells => $"{cells[0]} {cells[column].TrimEnd('*')}")];
}
