using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>What a run ran on.</summary>
static class MachineDescription
{
    public static List<(string Name, string Value)> Read(string compiler) =>
    [
        ("processor", $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSArchitecture}"),
        ("kernel", File.ReadAllText("/proc/sys/kernel/osrelease").Trim()),
        ("memory", Unit.Bytes.Show(MachineMemory.Read().Total) + (new ControlGroups().ReadMemory()?.Limit is { } limit ? $", the cgroup's limit is {Unit.Bytes.Show(limit)}" : "")),
        ("huge pages", HugePages()),
        ("runtime", RuntimeInformation.FrameworkDescription),
        ("C compiler", FirstLine(compiler, "--version")),
        ("sources", Sources()),
    ];

    public static double Load() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    static string Processor()
    {
        var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':') + 1)..].Trim();
    }

    static string HugePages()
    {
        var reserved = HugePagePool.Read(HugePageReserve.PageSize) is { } pool ? $"{pool.Total} of 2 MiB reserved before the run" : "none of 2 MiB";
        return $"{reserved}; transparent: {Chosen("enabled")}, for shared memory: {Chosen("shmem_enabled")}";
    }

    // The one in brackets of: always [madvise] never
    static string Chosen(string name)
    {
        var file = "/sys/kernel/mm/transparent_hugepage/" + name;
        if (!File.Exists(file)) return "none";
        var text = File.ReadAllText(file);
        return text.Contains('[') ? text[(text.IndexOf('[') + 1)..text.IndexOf(']')] : text.Trim();
    }

    static string Sources()
    {
        var commit = FirstLine("git", "-C", Repository.Root, "rev-parse", "--short", "HEAD");
        if (commit.Length == 0) return "no git clone";
        return FirstLine("git", "-C", Repository.Root, "status", "--porcelain", "--untracked-files=no").Length == 0 ? commit : commit + ", with changes";
    }

    // Empty where the program is not there or fails: it is for information.
    static string FirstLine(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? text.Split('\n')[0] : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
