using System.Text.RegularExpressions;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Service;

/// <summary>What is in packaging/: that the tools it is for understand it, and that it says of paths what the program says.</summary>
public sealed class PackagingTests
{
    private const string Program = "/usr/lib/dmaheap/dmaheap";

    [Fact]
    public async Task Systemd_takes_the_units()
    {
        using var directory = Installed();
        var verified = await RunAsync("systemd-analyze", "--man=no", "verify", directory["dmaheap.service"], directory["dmaheap.socket"]);
        Assert.Equal((0, ""), (verified.ExitCode, Ours(verified)));

        // The control: a key that there is not.
        File.AppendAllText(directory["dmaheap.socket"], "[Socket]\nListenSequentialPackets=/x\n");
        Assert.Contains("ListenSequentialPackets", Ours(await RunAsync("systemd-analyze", "--man=no", "verify", directory["dmaheap.socket"])));
    }

    [Fact]
    public async Task Systemd_finds_the_service_well_confined()
    {
        using var directory = Installed();
        var most = 15; // of 100; a service without any confinement has 96
        var rated = await RunAsync("systemd-analyze", "security", "--offline=true", $"--threshold={most}", directory["dmaheap.service"]);
        Assert.True(rated.ExitCode == 0, rated.Output);
    }

    [Fact]
    public async Task The_entries_make_the_folders_and_the_user()
    {
        using var root = new TemporaryDirectory();
        root.Write("usr/lib/dmaheap/plugins.json", "{}");
        root.Write("etc/passwd", "root:x:0:0::/:/bin/sh\n");
        root.Write("etc/group", "root:x:0:\n");
        var users = await RunAsync("systemd-sysusers", "--root=" + root.Path, Packaged("dmaheap.sysusers.conf"));
        Assert.True(users.ExitCode == 0, users.Error);
        Assert.Contains("\ndmaheap:", File.ReadAllText(root["etc/passwd"]));
        Assert.Contains("\ndmaheap:", File.ReadAllText(root["etc/group"]));
        var folders = await RunAsync("systemd-tmpfiles", "--root=" + root.Path, "--create", Packaged("dmaheap.tmpfiles.conf"));
        Assert.True(folders.ExitCode == 0, folders.Error);
        Assert.True(Directory.Exists(root["run/dmaheap"]) && Directory.Exists(root["etc/dmaheap/plugins.d"]));
        Assert.Equal("{}", File.ReadAllText(root["etc/dmaheap/plugins.json"]));
    }

    [Fact]
    public void The_paths_are_those_that_the_program_looks_at()
    {
        Assert.Contains($"ListenSequentialPacket={SocketPath.System}\n", Text("dmaheap.socket"));
        Assert.Contains($" --socket {SocketPath.System}\n", Text("dmaheap.service"));
        Assert.Contains($"C {ConfigurationPath.System} ", Text("dmaheap.tmpfiles.conf"));
        Assert.Equal(ConfigurationPath.SystemPlugins, Path.Combine(Path.GetDirectoryName(Program)!, "plugins"));
        var image = Text("Containerfile");
        Assert.Contains($"ENTRYPOINT [\"{Program}\"]", image);
        Assert.Contains($"DMAHEAP_SOCKET={SocketPath.System}\n", image);
        Assert.Contains(ConfigurationPath.System, image);
        foreach (var project in Regex.Matches(image, @"\S+\.csproj").Select(match => match.Value)) Assert.True(File.Exists(Repository.File(project)), project);
    }

    [Fact]
    public void Every_file_is_named_in_the_document()
    {
        var document = File.ReadAllText(Repository.File("docs", "integrators.md"));
        Assert.All(Directory.EnumerateFiles(Repository.File("packaging")), file => Assert.Contains("packaging/" + Path.GetFileName(file), document));
    }

    // The units as they are, but for the program, which is not installed where tests run.
    private static TemporaryDirectory Installed()
    {
        var directory = new TemporaryDirectory();
        foreach (var unit in new[] { "dmaheap.service", "dmaheap.socket" }) directory.Write(unit, Text(unit).Replace(Program, "/bin/true"));
        return directory;
    }

    // Other units of the machine may have faults of their own.
    private static string Ours(Ended ended) =>
        string.Join('\n', (ended.Output + ended.Error).Split('\n').Where(line => line.Contains("dmaheap", StringComparison.Ordinal)));

    private static async Task<Ended> RunAsync(string tool, params string[] arguments)
    {
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, tool))), $"{tool} is not installed");
        return await RunningProgram.RunAsync(tool, arguments);
    }

    private static string Packaged(string name) => Repository.File("packaging", name);

    private static string Text(string name) => File.ReadAllText(Packaged(name));
}
