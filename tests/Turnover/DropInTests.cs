using System.Diagnostics;
using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Turnover;

/// <summary>Heaps that packages add by files of their own, in <c>plugins.d</c>.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class DropInTests : IDisposable
{
    private readonly Deployment _deployment = new();

    public DropInTests()
    {
        _deployment.Configure(""" "system": { "plugin": "SystemHeap", "aliases": ["sys"] } """);
        Directory.CreateDirectory(_deployment["plugins.d"]);
    }

    public void Dispose() => _deployment.Dispose();

    [Fact]
    public void They_are_read_in_the_order_of_their_names_after_the_configuration()
    {
        DropIn("20-b.json", """ "b": { "plugin": "SystemHeap" } """);
        DropIn("10-z.json", """ "z": { "plugin": "../TurnoverPlugin/TurnoverPlugin.dll" } """);
        DropIn("B.json", """ "upper": { "plugin": "SystemHeap" } """);
        File.WriteAllText(_deployment["plugins.d/readme.txt"], "not read");
        File.WriteAllText(_deployment["plugins.d/.hidden.json"], "not read");
        using var host = _deployment.Start();
        Assert.Equal(["system", "z", "b", "upper"], host.Host.Heaps.Select(heap => heap.Name));
        Assert.Equal("code-version-1", Deployment.Which(host, "z"));
    }

    [Fact]
    public void Names_that_clash_are_told_with_both_places()
    {
        DropIn("10.json", """ "system": { "plugin": "SystemHeap" }, "other": { "plugin": "SystemHeap", "aliases": ["sys"] } """);
        DropIn("20.json", """ "other": { "plugin": "SystemHeap" } """);
        var errors = Errors();
        Assert.Contains(errors, error => error.StartsWith($"{_deployment["plugins.d/10.json"]}:1:29: $.heaps.system: heap \"system\" is given twice: here and at {_deployment.Configuration}:1:", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains($"the name \"sys\" is taken at {_deployment.Configuration}:1:") && error.Contains("by $.heaps.system.aliases[0]"));
        Assert.Contains(errors, error => error.StartsWith(_deployment["plugins.d/20.json"], StringComparison.Ordinal) && error.Contains($"here and at {_deployment["plugins.d/10.json"]}:1:"));
    }

    [Fact]
    public void What_is_no_file_that_can_be_read_is_told_and_nobody_waits_for_it()
    {
        File.CreateSymbolicLink(_deployment["plugins.d/10-cycle.json"], "10-cycle.json");
        File.CreateSymbolicLink(_deployment["plugins.d/20-gone.json"], "nowhere.json");
        using (var pipe = Process.Start("mkfifo", [_deployment["plugins.d/30-pipe.json"]])) pipe.WaitForExit();
        File.WriteAllText(_deployment["plugins.d/40-syntax.json"], "{ ");
        DropIn("50-key.json", """ "k": { "plugin": "SystemHeap", "optoins": {} } """, """ "limits": { "total": "1GiB" }, """);
        using (var large = File.Create(_deployment["plugins.d/60-large.json"])) large.SetLength(50 << 20);
        File.WriteAllText(_deployment["plugins.d/70-deep.json"], new string('[', 100_000));
        var errors = Errors();
        string Of(string name) => Assert.Single(errors, error => error.StartsWith(_deployment[$"plugins.d/{name}.json"], StringComparison.Ordinal));
        Assert.Contains("cannot be read", Of("10-cycle"));
        Assert.Contains("cannot be read", Of("20-gone"));
        Assert.Contains("it is no regular file", Of("30-pipe"));
        Assert.Contains("the file ends inside", Of("40-syntax"));
        Assert.Contains(errors, error => error.Contains("50-key") && error.Contains("unknown key \"limits\""));
        Assert.Contains(errors, error => error.Contains("50-key") && error.Contains("did you mean \"options\"?"));
        Assert.Contains("larger than 4 MiB", Of("60-large"));
        Assert.Contains("depth", Of("70-deep"));
    }

    [Fact]
    public async Task One_that_is_put_there_adds_its_heap_to_a_running_daemon_and_shows_where_each_value_comes_from()
    {
        using var sandbox = new CliSandbox();
        sandbox.WriteConfiguration(""" "system": { "plugin": "SystemHeap", "limits": { "total": "1GiB" } } """);
        using var daemon = await sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(sandbox.Socket);
        var file = sandbox.Write("plugins.d/acme.json", Whole($$""" "acme": { "plugin": "{{_deployment.Plugin}}", "options": { "tag": "x" } } """));
        await Eventually.Is(() => client.ListHeapsAsync().GetAwaiter().GetResult().Any(heap => heap.Name == "acme"));
        (await client.AllocateAsync("acme", 4096)).Dispose();

        var effective = await sandbox.AskAsync("status", "--effective");
        string[] ValueOf(string heap, string key) => [(string)effective["heaps"]![heap]![key]!["value"]!, (string)effective["heaps"]![heap]![key]!["source"]!];
        Assert.Equal(["x", $"{file}:1:"], Clip(ValueOf("acme", "options.tag")));
        Assert.Equal(["1 GiB", $"{sandbox.Configuration}:1:"], Clip(ValueOf("system", "limits.total")));
        Assert.Equal(["none", "default"], ValueOf("acme", "limits.total"));
        Assert.Contains("options.tag", (await sandbox.RunAsync("status", "--effective")).Output);

        File.Delete(file);
        await Eventually.Is(() => client.ListHeapsAsync().GetAwaiter().GetResult().All(heap => heap.Name != "acme"));

        static string[] Clip(string[] pair) => [pair[0], pair[1][..(pair[1].LastIndexOf(':') + 1)]];
    }

    [Fact]
    public async Task Validate_tells_everything_at_once_and_survives_a_plugin_that_does_not()
    {
        using var sandbox = new CliSandbox();
        string Turn(string name, string tag) => $$""" "{{name}}": { "plugin": "{{_deployment.Plugin}}", "options": { "tag": "{{tag}}" } } """;
        var file = sandbox.Write("check.json", Whole(Turn("a", "wrong") + """, "b": { "plugin": "NoSuchPlugin" }, "c": { "plugin": "SystemHeap", "commit": "later" } """));
        sandbox.Write("plugins.d/more.json", Whole(Turn("d", "wrong")));
        var wrong = await sandbox.RunAsync("validate", file);
        Assert.Equal(78, wrong.ExitCode);
        Assert.Equal(2, wrong.Output.Split("as only the plugin knows").Length - 1);
        foreach (var part in new[] { "NoSuchPlugin", "\"later\"", $"{file}:1:", Path.Combine("plugins.d", "more.json") }) Assert.Contains(part, wrong.Output);

        var crashing = sandbox.Write("crash/check.json", Whole(Turn("a", "crash")));
        var crashed = await sandbox.RunAsync("validate", crashing);
        Assert.Equal(78, crashed.ExitCode);
        Assert.Contains("the process in which plugins check their options was ended by signal 6", crashed.Error);
    }

    private static string Whole(string heaps) => $$"""{ "version": 1, "heaps": { {{heaps}} } }""";

    private string[] Errors() => Assert.Throws<ConfigurationException>(() => _deployment.Start()).Message.Split('\n');

    private void DropIn(string name, string heaps, string more = "") => File.WriteAllText(_deployment[$"plugins.d/{name}"], $$"""{ "version": 1, {{more}}"heaps": { {{heaps}} } }""");
}
