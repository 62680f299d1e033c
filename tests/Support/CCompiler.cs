using System.Collections.Concurrent;
using System.Diagnostics;

namespace DmaHeap.Tests.Support;

/// <summary>Compiles the C programs of tests/native, each once a run, into a directory that goes when the run ends.</summary>
internal static class CCompiler
{
    private static readonly string[] Names = ["cc", "gcc", "clang"];
    private static readonly ConcurrentDictionary<string, Lazy<string>> Programs = new();
    private static readonly Lazy<string> Output = new(CreateOutput);

    /// <summary>The path of the compiled <c>tests/native/NAME.c</c>. Skips the test where there is no C compiler; a
    /// program that does not compile fails it.</summary>
    public static string Compile(string name)
    {
        string? compiler = Find();
        if (compiler is null)
            Assert.Skip("no C compiler (cc, gcc or clang) on the PATH");
        return Programs.GetOrAdd(name, _ => new Lazy<string>(() => Build(compiler, name))).Value;
    }

    private static string? Find()
    {
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Names.SelectMany(name => directories.Select(directory => Path.Combine(directory, name))).FirstOrDefault(File.Exists);
    }

    private static string Build(string compiler, string name)
    {
        string program = Path.Combine(Output.Value, name);
        var start = new ProcessStartInfo(compiler,
            ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, Path.Combine(Sources(), name + ".c")])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name}.c does not compile:\n{errors}");
        return program;
    }

    private static string Sources()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "dmaheap.slnx")))
            directory = directory.Parent;
        Assert.True(directory is not null, $"no dmaheap.slnx above {AppContext.BaseDirectory}");
        return Path.Combine(directory.FullName, "tests", "native");
    }

    private static string CreateOutput()
    {
        string path = Directory.CreateTempSubdirectory("dmaheap-tests-native-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return path;
    }
}
