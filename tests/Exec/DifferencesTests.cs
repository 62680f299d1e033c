using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>What a program sees that is not as with a real kernel, pinned line by line in differences.txt, with and without <c>--strict</c>.</summary>
public sealed class DifferencesTests
{
    private const int Kernel = 1, Mounted = 2, Imitated = 3, Strict = 2;

    [Theory]
    [InlineData(User.Ourselves, false)]
    [InlineData(User.Ourselves, true)]
    [InlineData(User.Nobody, false)]
    [InlineData(User.Nobody, true)]
    public async Task A_program_sees_what_was_written_down(User user, bool strict)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAsync(strict ? ["--strict"] : [], [CCompiler.Compile("exec/differences")]);
        ProgramAssert.Exit(0, ended);
        var way = await sandbox.MountsAsync() ? Mounted : Imitated;
        var expected = WrittenDown(strict ? way + Strict : way);
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
            .Select(cells => $"{cells[0]} {cells[column]}")];
}
