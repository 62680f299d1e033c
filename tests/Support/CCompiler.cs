using System.Collections.Concurrent;
using System.Diagnostics;

namespace DmaHeap.Tests.Support;

/// <summary>Compiles the C programs of tests/native, each once a run, into a directory that goes when the run ends.</summary>
internal static class CCompiler
{
    private static readonly string[] Names = ["cc", "gcc", "clang"];
    private static readonly ConcurrentDictionary<string, Lazy<string>> Programs = new();
    private static readonly Lazy<string> Output = new(CreateOutput);

    /// <summary>The path of the compiled <c>bench/native/NAME.c</c>.</summary>
    public static string CompileBaseline(string name) => Compile("../../bench/native/" + name);

    /// <summary>The path of the compiled <c>tests/native/NAME.c</c>, which any user may run. Skips the test where there is
    /// no C compiler, or none that builds anything with these options (static linking, another word size); a program that
    /// does not compile fails it.</summary>
    public static string Compile(string name, params string[] options)
    {
        string? compiler = Find();
        if (compiler is null)
            Assert.Skip("no C compiler (cc, gcc or clang) on the PATH");
        Assert.SkipUnless(CanBuildWith(compiler, options), $"the C compiler cannot build with {string.Join(' ', options)}");
        string key = name.Replace("../", "", StringComparison.Ordinal) + string.Concat(options);
        return Programs.GetOrAdd(key, _ => new Lazy<string>(() => Build(compiler, name, key, options))).Value;
    }

    private static bool CanBuildWith(string compiler, string[] options)
    {
        if (options.Length == 0)
            return true;
        string[] arguments = [.. options, "-x", "c", "-o", "/dev/null", "-"];
        var start = new ProcessStartInfo(compiler, arguments) { RedirectStandardInput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write("#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n");
        process.StandardInput.Close();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string? Find()
    {
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Names.SelectMany(name => directories.Select(directory => Path.Combine(directory, name))).FirstOrDefault(File.Exists);
    }

    private static string Build(string compiler, string name, string key, string[] options)
    {
        string program = Path.Combine(Output.Value, key);
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        var start = new ProcessStartInfo(compiler,
            ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", .. options, "-o", program, Path.Combine(Sources(), name + ".c")])
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
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return path;
    }
}
