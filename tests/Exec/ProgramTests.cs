using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Exec;

/// <summary>Programs written for the kernel's heaps, in several languages, run unchanged.</summary>
public sealed class ProgramTests
{
    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Ourselves, "-static")]
    [InlineData(User.Ourselves, "-m32")]
    [InlineData(User.Nobody)]
    [InlineData(User.Nobody, "-static")]
    [InlineData(User.Nobody, "-m32")]
    public async Task The_ioctls_answer_as_the_kernels(User user, params string[] built)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync(CCompiler.Compile("exec/heap_abi", built)));
    }

    [Fact]
    public async Task And_so_they_do_with_strict()
    {
        using var sandbox = new ExecSandbox();
        ProgramAssert.AllOk(await sandbox.RunAsync(["--strict"], [CCompiler.Compile("exec/heap_abi")]));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Ourselves, "-static")]
    [InlineData(User.Ourselves, "-m32")]
    [InlineData(User.Nobody)]
    [InlineData(User.Nobody, "-m32")]
    public async Task Buffers_are_shared_and_callers_of_every_kind_are_served(User user, params string[] built)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync(CCompiler.Compile("exec/share", built)));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task The_directory_lists_the_heaps(User user)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync([CCompiler.Compile("exec/dir"), "list", .. ExecSandbox.Names.Heaps]));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    [InlineData(User.Nobody, "-static")]
    [InlineData(User.Nobody, "-m32")]
    public async Task Every_way_to_a_node_leads_there(User user, params string[] built)
    {
        using var sandbox = new ExecSandbox(user);
        var dir = CCompiler.Compile("exec/dir", built);
        var mode = await sandbox.MountsAsync() ? "paths" : "answered";
        ProgramAssert.AllOk(await sandbox.RunAsync(dir, mode, ExecSandbox.Names.Heaps[0], ExecSandbox.Names.Alias));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Ourselves, "-static")]
    [InlineData(User.Ourselves, "-m32")]
    [InlineData(User.Nobody)]
    [InlineData(User.Nobody, "-m32")]
    public async Task A_program_s_own_memory_becomes_a_buffer(User user, params string[] built)
    {
        Assert.SkipWhen(File.Exists("/dev/udmabuf"), "this kernel has the device, and answers itself");
        using var sandbox = new ExecSandbox(user);
        var program = CCompiler.Compile("exec/udmabuf", built);
        ProgramAssert.AllOk(await sandbox.RunAsync(program));
        ProgramAssert.AllOk(await sandbox.RunAsync(["--strict"], [program, "strict"]));
    }

    [Fact]
    public async Task What_no_buffer_can_be_made_of_is_told_at_the_end()
    {
        Assert.SkipWhen(File.Exists("/dev/udmabuf"), "this kernel has the device, and answers itself");
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunAsync(CCompiler.Compile("exec/udmabuf"));
        Assert.Contains("UDMABUF_CREATE answered ENOTTY", ended.Error);
        Assert.Contains("(no-udmabuf)", ended.Error);
    }

    [Theory]
    [InlineData(User.Ourselves, "heap_abi")]
    [InlineData(User.Nobody, "heap_abi")]
    [InlineData(User.Ourselves, "dir")]
    [InlineData(User.Nobody, "dir")]
    public async Task What_is_no_heap_answers_as_without_exec(User user, string program)
    {
        using var sandbox = new ExecSandbox(user);
        var path = CCompiler.Compile("exec/" + program);
        var outside = await sandbox.RunPlainlyAsync(path, "others");
        var inside = await sandbox.RunAsync(path, "others");
        ProgramAssert.Exit(0, outside);
        ProgramAssert.Exit(0, inside);
        Assert.NotEmpty(outside.Output);
        Assert.Equal(outside.Output, inside.Output);
    }

    [Theory]
    [InlineData("linux,cma")]
    [InlineData("region")]
    public async Task Another_heap_serves_as_well(string heap)
    {
        using var sandbox = new ExecSandbox();
        ProgramAssert.AllOk(await sandbox.RunAsync("env", "HEAP=" + heap, CCompiler.Compile("exec/share"), "fork", "scm"));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task A_python_program_runs(User user)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync(sandbox.Python(), ExecSandbox.Script("basics.py")));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task A_dotnet_program_runs(User user)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync(Path.Combine(Builds.Folder("Peer"), "Peer"), "ioctl"));
    }

    [Theory]
    [InlineData(User.Ourselves)]
    [InlineData(User.Nobody)]
    public async Task Signals_all_the_time_leave_no_descriptor_behind(User user)
    {
        using var sandbox = new ExecSandbox(user);
        ProgramAssert.AllOk(await sandbox.RunAsync(CCompiler.Compile("exec/storm"), "alloc", "10000", "2", "4"));
    }

    [Fact]
    public async Task Without_exec_the_judge_finds_nothing()
    {
        Assert.SkipWhen(Directory.Exists("/dev/dma_heap"), "this kernel has heaps");
        using var sandbox = new ExecSandbox();
        var ended = await sandbox.RunPlainlyAsync(CCompiler.Compile("exec/heap_abi"));
        ProgramAssert.Exit(1, ended);
        Assert.StartsWith("FAIL ", ended.Output);
    }
}
