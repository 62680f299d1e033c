using System.Text.Json.Nodes;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>The commands that ask a host, against a real one.</summary>
public sealed class CommandTests(ServedHost served) : IClassFixture<ServedHost>
{
    readonly CliSandbox _sandbox = served.Sandbox;

    [Fact]
    public async Task Serve_says_where_it_listens_and_what_it_serves()
    {
        var document = JsonNode.Parse(await served.Host.PrintedAsync(CliSandbox.IsDocument))!;
        Assert.Equal(_sandbox.Socket, (string?)document["socket"]);
        Assert.Equal(_sandbox.Configuration, (string?)document["configuration"]);
        Assert.Equal(served.Host.Id, (int?)document["processId"]);
        Assert.Equal(["system", "region", "secure"], Column(document["heaps"]!, "name"));
    }

    [Fact]
    public async Task List_shows_each_heap_once_with_its_aliases()
    {
        var heaps = (await _sandbox.AskAsync("list"))["heaps"]!;
        Assert.Equal(["system", "region", "secure"], Column(heaps, "name"));
        Assert.Equal(["SystemHeap", "CmaHeap", "SecureHeap"], Column(heaps, "plugin"));
        Assert.Equal(["reserved", "linux,cma"], heaps[1]!["aliases"]!.AsArray().Select(alias => (string?)alias));
    }

    [Fact]
    public async Task A_held_buffer_is_told_truthfully_and_is_gone_once_let_go()
    {
        using var holder = _sandbox.Start("alloc", "linux,cma", "5000", "--count", "2", "--name", "of [two]", "--hold", "600", "--json");
        var allocated = JsonNode.Parse(await holder.PrintedAsync(CliSandbox.IsDocument))!["buffers"]!;
        Assert.Equal(["region", "region"], Column(allocated, "heap"));
        Assert.Equal(["8192", "8192"], Column(allocated, "length"));

        var seen = await BuffersOfAsync(holder);
        Assert.Equal(Column(allocated, "id"), Column(seen, "id"));
        Assert.Equal(["of [two]", "of [two]"], Column(seen, "name"));
        Assert.Equal(["8192", "8192"], Column(seen, "length"));
        Assert.Equal(["4096", "4096"], Column(seen, "pageSize"));
        Assert.Equal(["0", "0"], Column(seen, "attachments"));
        Assert.All(Column(seen, "ageSeconds"), age => Assert.InRange(double.Parse(age!, System.Globalization.CultureInfo.InvariantCulture), 0, 600));
        Assert.All(seen.AsArray(), buffer => Assert.DoesNotContain("contiguous", buffer!["flags"]!.AsArray().Select(flag => (string?)flag))); // the host vouches for no two pages in a row
        var table = (await _sandbox.RunAsync("buffers")).Output;
        foreach (var column in new[] { "ID", "HEAP", "NAME", "SIZE", "PAGES", "IMPORTERS", "AGE", "PID", "UID" }) Assert.Contains(column, table);
        Assert.All(Column(seen, "userId"), user => Assert.Equal(ProcessIdentity.EffectiveUserId.ToString(), user));
        Assert.True((long)(await StatisticsAsync("region"))["buffers"]! >= 2);

        holder.Signal(CliSandbox.SigInt);
        Assert.Equal(0, (await holder.EndAsync()).ExitCode);
        await GoneAsync(holder);
    }

    [Fact]
    public async Task A_killed_holders_buffer_is_gone()
    {
        using var holder = _sandbox.Start("alloc", "system", "8MiB", "--hold", "600", "--json");
        await holder.PrintedAsync(CliSandbox.IsDocument);
        Assert.Single((await BuffersOfAsync(holder)).AsArray());
        holder.Signal(CliSandbox.SigKill);
        Assert.Equal(RunningProgram.KilledBySigkill, (await holder.EndAsync()).ExitCode);
        await GoneAsync(holder);
    }

    [Fact]
    public async Task More_buffers_than_one_reply_carries_are_allocated_by_several()
    {
        var allocated = (await _sandbox.AskAsync("alloc", "system", "4KiB", "--count", "300"))["buffers"]!;
        Assert.Equal(300, Column(allocated, "id").Distinct().Count());
    }

    [Fact]
    public async Task Buffers_of_several_sizes_are_allocated_at_once_and_shown_in_their_order()
    {
        var allocated = (await _sandbox.AskAsync("alloc", "system", "4KiB", "8MiB", "3x2MiB", "--count", "2", "--name", "ring"))["buffers"]!;
        string[] once = ["4096", "8388608", "2097152", "2097152", "2097152"];
        Assert.Equal([.. once, .. once], Column(allocated, "length"));
        Assert.All(Column(allocated, "pageSize"), size => Assert.Equal("4096", size));
        Assert.All(allocated.AsArray(), buffer => Assert.Equal("ring", (string?)buffer!["name"]));
        Assert.Equal(["contiguous"], allocated[0]!["flags"]!.AsArray().Select(flag => (string?)flag));
        Assert.Equal(1, (await _sandbox.RunAsync("alloc", "region", "4KiB", "1GiB")).ExitCode); // all or none
    }

    [Fact]
    public async Task Statistics_count_failures_by_their_cause()
    {
        var before = CauseCount(await StatisticsAsync("region"));
        Assert.Equal(1, (await _sandbox.RunAsync("alloc", "region", "1GiB")).ExitCode);
        Assert.Equal(before + 1, CauseCount(await StatisticsAsync("region")));

        static long CauseCount(JsonNode heap) => (long?)heap["failuresByCause"]!["larger-than-heap"] ?? 0;
    }

    [Theory]
    [InlineData("nope", "4KiB", "ENOENT", "unknown-heap", "system, region, secure")]
    [InlineData("region", "1GiB", "ENOMEM", "larger-than-heap", "64 MiB")]
    [InlineData("system", "0", "EINVAL", "bad-length", "")]
    public async Task A_refusal_is_one_document_a_sentence_and_exit_code_1(string heap, string size, string errno, string cause, string sentence)
    {
        var ended = await _sandbox.RunAsync("alloc", heap, size, "--json");
        Assert.Equal(1, ended.ExitCode);
        var error = JsonNode.Parse(ended.Output)!["error"]!;
        Assert.Equal((errno, cause, 1), ((string?)error["errno"], (string?)error["cause"], (int?)error["exitCode"]));
        Assert.Contains(sentence, (string?)error["message"]);
        Assert.Contains(sentence, ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }

    [Fact]
    public async Task Tables_in_a_pipe_are_plain_and_cut_nothing()
    {
        using var holder = _sandbox.Start("alloc", "system", "8MiB", "--name", "a name of thirty-one characters", "--hold", "600");
        var allocated = await holder.PrintedAsync(text => text.Contains("Holding"));
        var id = Assert.Single((await BuffersOfAsync(holder)).AsArray())!["id"]!.GetValue<string>();
        var ended = await _sandbox.RunAsync("buffers");
        Assert.Contains(id, allocated);
        var line = Assert.Single(ended.Output.Split('\n'), line => line.Contains(id));
        Assert.Contains("a name of thirty-one characters", line);
        Assert.Contains("8 MiB", line);
        Assert.Contains(holder.Id.ToString(), line);
        Assert.DoesNotContain('\e', ended.Output);
    }

    [Fact]
    public async Task A_buffers_name_cannot_steer_the_terminal_of_who_lists_it()
    {
        using var holder = _sandbox.Start("alloc", "system", "4KiB", "--name", "a\e[31m\nb\u202ec", "--hold", "600");
        var allocated = await holder.PrintedAsync(text => text.Contains("Holding"));
        Assert.Equal("a\e[31m\nb\u202ec", Assert.Single(Column(await BuffersOfAsync(holder), "name")));

        var listed = (await _sandbox.RunAsync("buffers")).Output;
        Assert.All([allocated, listed], text => Assert.Contains(@"a\u001b[31m\u000ab\u202ec", text));
        Assert.All([allocated, listed], text => Assert.DoesNotContain('\e', text));
    }

    async Task<JsonNode> BuffersOfAsync(RunningProgram holder)
    {
        var all = (await _sandbox.AskAsync("buffers"))["buffers"]!.AsArray();
        return new JsonArray([.. all.Where(buffer => (int)buffer!["processId"]! == holder.Id).Select(buffer => buffer!.DeepClone())]);
    }

    // Each look is a process of its own, so looking again needs no pause.
    async Task GoneAsync(RunningProgram holder)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while ((await BuffersOfAsync(holder)).AsArray().Count > 0) Assert.True(DateTime.UtcNow < deadline, "the buffers are still there");
    }

    async Task<JsonNode> StatisticsAsync(string heap) => (await _sandbox.AskAsync("stats", heap))["heaps"]![0]!;

    static string[] Column(JsonNode rows, string name) => [.. rows.AsArray().Select(row => row![name]!.ToString())];
}
