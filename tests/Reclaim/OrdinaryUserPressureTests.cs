using DmaHeap.Hosting.Reclaim;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Reclaim;

/// <summary>The host of a user without privilege, who may have the kernel tell of pressure in windows of two seconds, or not at all: then the log says so.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class OrdinaryUserPressureTests : IDisposable
{
    private const long MiB = 1 << 20;
    private const string AsNobody = "exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \"$@\"";
    private const string NotSeen = "Nobody tells when programs wait for memory: ";

    private readonly CliSandbox _sandbox = new();

    public OrdinaryUserPressureTests()
    {
        OtherUser.SkipUnlessRoot();
        Assert.SkipUnless(File.Exists(PressureTrigger.OfTheMachine), "this kernel does not account for pressure");
        _sandbox.WriteConfiguration(""" "kept": { "plugin": "FakeHeap", "options": { "hoard": "64MiB" } } """);
    }

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task It_watches_each_file_there_is_or_says_that_it_does_not()
    {
        using var host = await StartAsync(AsNobody);
        var watched = Watched(host);
        var log = await EndAsync(host);
        foreach (var file in PressureWatch.Files()) Assert.True(watched.Contains(file) != log.Contains(NotSeen + file, StringComparison.Ordinal), $"{file}: [{string.Join(", ", watched)}]\n{log}");
    }

    [Fact]
    public async Task A_file_that_is_not_its_to_open_is_said_not_to_be_watched()
    {
        var closed = _sandbox.Write("closed", "");
        File.SetUnixFileMode(closed, UnixFileMode.UserRead);
        Assert.SkipUnless((await RunningProgram.RunAsync("unshare", ["--mount", "mount", "--bind", closed, PressureTrigger.OfTheMachine])).ExitCode == 0, "no file can be put over another one here");
        using var host = await StartAsync($"mount --bind {closed} {PressureTrigger.OfTheMachine} && {AsNobody}", "unshare", "--mount");
        Assert.DoesNotContain(PressureTrigger.OfTheMachine, Watched(host));
        Assert.Contains($"{NotSeen}{PressureTrigger.OfTheMachine} cannot be watched (EACCES)", await EndAsync(host));
    }

    [Fact]
    public async Task It_gives_back_when_programs_wait_for_memory()
    {
        using var host = await StartAsync(AsNobody);
        Assert.SkipUnless(Watched(host).Contains(PressureTrigger.OfTheMachine), "this kernel tells ordinary users of no pressure");
        using (new ThrashingProgram())
        {
            await Eventually.IsAsync(async () => (long?)(await _sandbox.AskAsync("status"))["reclaim"]?["given"]?["heap kept"] >= MiB, "nothing was given back");
        }

        Assert.Matches(@"Gave back .* wanted \(Pressure\): heap kept", await EndAsync(host));
    }

    private async Task<RunningProgram> StartAsync(string script, params string[] before)
    {
        string[] command = [.. before, "sh", "-c", script, "sh", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "serve", "--json"];
        var host = _sandbox.StartOther(command[0], command[1..]);
        await host.PrintedAsync(CliSandbox.IsDocument);
        return host;
    }

    private static string[] Watched(RunningProgram host) =>
        [.. Directory.EnumerateFiles($"/proc/{host.Id}/fd").Select(link => new FileInfo(link).LinkTarget).OfType<string>().Intersect(PressureWatch.Files())];

    private static async Task<string> EndAsync(RunningProgram host)
    {
        host.Signal(CliSandbox.SigTerm);
        return (await host.EndAsync()).Error;
    }
}
