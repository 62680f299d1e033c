using System.Globalization;
using System.Text.RegularExpressions;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Service;

/// <summary>What a host with a worker asks of the kernel, seen by strace, against what the unit in <c>packaging/</c> lets through.</summary>
public sealed partial class SystemCallTests : IDisposable
{
    // Kept away by the unit, and done without: a service of the unit's has no privilege to give up.
    private const string Refused = "capset";

    private readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_host_and_its_worker_serve_with_the_calls_that_the_unit_lets_through()
    {
        foreach (var tool in new[] { "strace", "setpriv", "systemd-analyze" }) Assert.SkipUnless(IsInstalled(tool), $"{tool} is not installed");
        var unit = File.ReadAllText(Repository.File("packaging", "dmaheap.service"));
        var allowed = new HashSet<string>();
        foreach (var filter in Filter().Matches(unit).Select(match => match.Groups[1].Value))
        {
            if (filter.StartsWith('~')) allowed.ExceptWith(await CallsOfAsync(filter[1..].Split(' ')));
            else allowed.UnionWith(await CallsOfAsync(filter.Split(' ')));
        }

        Assert.DoesNotContain(Refused, allowed); // a control that what is refused below is what the unit refuses
        Assert.Contains("memfd_create", allowed);

        _sandbox.WriteConfiguration("""  "isolated": { "plugin": "SystemHeap", "isolation": "process" }, "secure": { "plugin": "SecureHeap", "required": false }  """);
        var trace = _sandbox.Write("trace", "");
        File.SetUnixFileMode(trace, (UnixFileMode)0b110_110_110);
        var program = Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");
        string[] asNobody = ProcessIdentity.EffectiveUserId == 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"] : [];
        using var host = _sandbox.StartOther("setpriv", [.. asNobody, "--no-new-privs", "strace", "-f", "-qq", "-o", trace, "-e", $"inject={Refused}:error=EPERM", program, "serve", "--json"]);
        await host.PrintedAsync(CliSandbox.IsDocument);
        using (var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket))
        {
            using var buffer = await client.AllocateAsync("isolated", 1 << 20);
            Assert.Contains("\"worker\":{\"processId\":", await client.StatusAsync());
        }

        // strace goes when those do that it looks at.
        Assert.Equal(Errno.None, ProcessFd.TryOpen(ChildOf(host.Id), out var served));
        using (served) Assert.Equal(Errno.None, ProcessFd.TrySendSignal(served, CliSandbox.SigTerm));
        await host.EndAsync();
        var called = File.ReadLines(trace).Select(line => Call().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Contains("clone", called.Select(name => name.TrimEnd('3')));
        Assert.Equal([Refused], called.Except(allowed).Order());
    }

    // The names that systemd gives to sets of calls, taken apart.
    private static async Task<HashSet<string>> CallsOfAsync(IEnumerable<string> names)
    {
        var calls = new HashSet<string>();
        foreach (var name in names)
        {
            if (!name.StartsWith('@'))
            {
                calls.Add(name);
                continue;
            }

            var listed = await RunningProgram.RunAsync("systemd-analyze", ["syscall-filter", name]);
            Assert.True(listed.ExitCode == 0, listed.Error);
            calls.UnionWith(await CallsOfAsync(listed.Output.Split('\n').Where(line => line.StartsWith("    ", StringComparison.Ordinal)).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')));
        }

        return calls;
    }

    private static int ChildOf(int process) => int.Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task/{process}/children")).Split(' ')[0], CultureInfo.InvariantCulture);

    private static bool IsInstalled(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, tool)));

    [GeneratedRegex(@"^SystemCallFilter=(.+)$", RegexOptions.Multiline)]
    private static partial Regex Filter();

    [GeneratedRegex(@"^\d+ +(?:<\.\.\. )?(\w+)[( ]")]
    private static partial Regex Call();
}
