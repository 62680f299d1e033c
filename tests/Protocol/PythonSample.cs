using System.ComponentModel;
using System.Diagnostics;

namespace DmaHeap.Tests.Protocol;

/// <summary>Runs Python in samples/python.</summary>
static class PythonSample
{
    /// <summary>What it prints; the test fails when it fails, and is skipped where there is no Python.</summary>
    public static async Task<string> RunAsync(string? socket, params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", ["-B", .. arguments]) // -B: leave no cache in the sources
        {
            WorkingDirectory = Path.Combine(ProtocolDocument.Root, "samples", "python"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONPATH"] = start.WorkingDirectory;
        if (socket is not null) start.Environment["DMAHEAP_SOCKET"] = socket;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("There is no python3 on this machine.");
            throw;
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await errors);
            return await output;
        }
    }
}
