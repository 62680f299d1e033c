using System.Diagnostics;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.EndToEnd;

/// <summary>The Python sample, another process in another language, against a real host.</summary>
public sealed class PythonTests
{
    [Fact]
    public async Task The_sample_lists_allocates_maps_names_and_describes()
    {
        using var served = new ServedHost();
        var (exitCode, output, errors) = await RunPython(served.Socket, Repository.File("samples", "python", "example.py"), "system");
        Assert.True(exitCode == 0, errors);
        Assert.Contains("default_cma_region", output);
        Assert.Contains("mapped, holds b'hello'", output);
        Assert.Contains("renamed", output);
        await Eventually.Is(() => served.Host.LiveBuffers == 0);
        Assert.Equal(1, served.Host.Statistics("system").Allocations);
    }

    [Fact]
    public async Task Another_process_gets_a_batch_of_several_sizes_and_writes_into_each()
    {
        using var served = new ServedHost();
        const string Program = """
            import mmap, os, sys
            sys.path.insert(0, sys.argv[1])
            import dmaheap
            with dmaheap.Client() as client:
                lengths = [4096, 8 << 20, 5000, 2 << 20, 2 << 20]
                ring = client.allocate_batch("system", lengths, name="ring")
                for buffer in ring:
                    with mmap.mmap(buffer.fd, buffer.length) as memory:
                        memory[-5:] = b"hello"
                    print(buffer.length, os.fstat(buffer.fd).st_size, client.describe(buffer).name, os.pread(buffer.fd, 5, buffer.length - 5).decode())
                try:
                    client.allocate_batch("system", [4096, 1 << 62])
                except dmaheap.HostError as error:
                    print(error.cause, len(client.list_buffers()))
            """;
        var (exitCode, output, errors) = await RunPython(served.Socket, "-c", Program, Path.GetDirectoryName(Repository.File("samples", "python", "dmaheap.py"))!);
        Assert.True(exitCode == 0, errors);
        Assert.Equal(
            ["4096 4096 ring hello", "8388608 8388608 ring hello", "8192 8192 ring hello", "2097152 2097152 ring hello", "2097152 2097152 ring hello", "host-limit 5"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await Eventually.Is(() => served.Host.LiveBuffers == 0);
    }

    [Fact]
    public async Task A_refusal_reaches_it_in_words()
    {
        using var served = new ServedHost();
        var (exitCode, _, errors) = await RunPython(served.Socket, Repository.File("samples", "python", "example.py"), "nosuch");
        Assert.Equal(1, exitCode);
        Assert.Contains("there is no heap \"nosuch\"; there are system, default_cma_region, protected,secure", errors);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunPython(string socket, params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[SocketPath.Variable] = socket;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is not installed");
            throw;
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            return (process.ExitCode, await output, await errors);
        }
    }
}
