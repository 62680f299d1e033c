using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary><c>--over</c>: what a program finds where the kernel has heaps of its own. <see cref="ExecSandbox.RunAmongKernelHeapsAsync"/> gives it some: one of a name that is ours too,
/// and one of its own.</summary>
public sealed class OverlapTests
{
    private const string Both = "system", Ours = "region", Kernels = "other", Alias = "reserved";

    public static TheoryData<User, string[], string[]> Ways
    {
        get
        {
            var data = new TheoryData<User, string[], string[]>();
            foreach (var user in new[] { User.Ourselves, User.Nobody })
            {
                string[] hidden = [$"{Both} ours listed", $"{Ours} ours listed", $"{Kernels} none unlisted", $"{Alias} ours unlisted"];
                data.Add(user, [], hidden);
                data.Add(user, ["--over", "hide"], hidden);
                data.Add(user, ["--over", "add"], [$"{Both} ours listed", $"{Ours} ours listed", $"{Kernels} kernel's listed", $"{Alias} ours unlisted"]);
                data.Add(user, ["--over", "keep"], [$"{Both} kernel's listed", $"{Ours} none unlisted", $"{Kernels} kernel's listed", $"{Alias} none unlisted"]);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Ours_hide_join_or_leave_the_kernels(User user, string[] options, string[] expected)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAmongKernelHeapsAsync([Both, Kernels], options, CCompiler.Compile("exec/whose"), Both, Ours, Kernels, Alias);
        ProgramAssert.Exit(0, ended);
        Assert.Equal(expected, ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task Verbose_says_when_the_directory_is_the_kernels(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var kept = await sandbox.RunAmongKernelHeapsAsync([Kernels], ["--over", "keep", "--verbose"], "true");
        ProgramAssert.Exit(0, kept);
        Assert.Contains("/dev/dma_heap is the kernel's own", kept.Error);
    }

    [Theory]
    [InlineData(User.Ourselves, "add")]
    [InlineData(User.Ourselves, "keep")]
    [InlineData(User.Nobody, "add")]
    [InlineData(User.Nobody, "keep")]
    public async Task A_kernel_without_heaps_is_as_hidden(User user, string over)
    {
        Assert.SkipWhen(Directory.Exists("/dev/dma_heap"), "this kernel has heaps");
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAsync(["--over", over], [CCompiler.Compile("exec/whose"), Both]);
        ProgramAssert.Exit(0, ended);
        Assert.Equal($"{Both} ours listed\n", ended.Output);
    }

    [Theory]
    [InlineData(User.Ourselves, 1)]
    [InlineData(User.Nobody, 0)]
    public async Task Beside_a_kernels_heaps_udmabuf_is_shown_where_nothing_is_mounted(User user, int expected)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.Exit(expected, await sandbox.RunAmongKernelHeapsAsync([Kernels], [], "test", "-e", "/dev/udmabuf"));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task An_empty_directory_is_no_heaps(User user)
    {
        using var sandbox = new ExecSandbox(user);
        var ended = await sandbox.RunAmongKernelHeapsAsync([], ["--over", "keep"], CCompiler.Compile("exec/whose"), Both);
        ProgramAssert.Exit(0, ended);
        Assert.Equal($"{Both} ours listed\n", ended.Output);
    }
}
