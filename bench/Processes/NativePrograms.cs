using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>The C side of each pair, compiled anew.</summary>
sealed record NativePrograms(string Compiler, string Broker, string Client, string Supervisor, string Trips, string ByHand)
{
    static readonly string[] s_compilers = ["cc", "gcc", "clang"];

    public static NativePrograms Build(string folder)
    {
        var compiler = Find() ?? throw new InvalidOperationException(
            $"the baselines need a C compiler, and there is none of {string.Join(", ", s_compilers)} in PATH (Debian, Ubuntu: apt install gcc libc6-dev)");
        return new(
            compiler, Compile(compiler, folder, "c_broker"), Compile(compiler, folder, "c_client"), Compile(compiler, folder, "c_supervisor"),
            Compile(compiler, folder, "heap_trips"), Compile(compiler, folder, "by_hand"));
    }

    static string? Find()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return s_compilers.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }

    static string Compile(string compiler, string folder, string name)
    {
        var program = Path.Combine(folder, name);
        var source = Path.Combine(Repository.Root, "bench", "native", name + ".c");
        using var process = Process.Start(compiler, ["-std=c11", "-O2", "-pthread", "-o", program, source]);
        process.WaitForExit();
        return process.ExitCode == 0 ? program : throw new InvalidOperationException($"{source} does not compile");
    }
}
