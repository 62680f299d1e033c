using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace DmaHeap.Tests.Linux;

/// <summary>Compiles a C file of tests/native with cc, runs it, and reads the "name value" lines it prints.</summary>
static class NativeProgram
{
    public static Dictionary<string, long> Run(string source, [CallerFilePath] string caller = "")
    {
        var file = Path.GetFullPath(Path.Join(Path.GetDirectoryName(caller), "..", "native", source));
        if (!File.Exists(file)) Assert.Skip($"The sources are not here: {file}.");
        using var directory = new TemporaryDirectory();
        var program = directory["program"];
        try
        {
            Execute("cc", "-Wall", "-Werror", "-o", program, file);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("There is no C compiler (cc).");
        }

        return Execute(program).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(
            line => line[..line.LastIndexOf(' ')],
            line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    static string Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed: {errors.GetAwaiter().GetResult()}");
        return output;
    }
}
