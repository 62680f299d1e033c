using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Heaps;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Fakes;

/// <summary>What a fake saw can be read while it lives, from within and by clients, and is bounded.</summary>
public sealed class JournalTests
{
    [Fact]
    public void A_full_journal_drops_the_oldest_lines_and_counts_them()
    {
        using var heap = new FakeHeap(new FakeHeapContext(), Scripts.Accept("""{ "journal": { "lines": 16 } }"""));
        for (var i = 0; i < 30; i++) ((IHeap)heap).Allocate(4096);

        var page = heap.ReadJournal(0, 100);
        Assert.Equal((16, 31, 15), (page.Lines.Count, page.Last, page.Dropped));
        Assert.Equal(Enumerable.Range(16, 16), page.Lines.Select(line => (int)JsonNode.Parse(line)!["n"]!));
        var part = heap.ReadJournal(20, 3);
        Assert.Equal((3, 23, 0), (part.Lines.Count, part.Last, part.Dropped));
        Assert.Equal((0, 31, 0), (heap.ReadJournal(31, 5).Lines.Count, heap.ReadJournal(31, 5).Last, heap.ReadJournal(31, 5).Dropped));
        Assert.Equal(16, heap.ReadJournal(4711, 100).Lines.Count); // of a fake that was in this one's place before
    }

    [Fact]
    public void A_file_gets_every_line_to_the_last_which_counts_the_calls()
    {
        using var directory = new Linux.TemporaryDirectory();
        var options = new FakeOptions { Journal = new FakeJournalOptions { Lines = 16, File = directory["calls.jsonl"] } };
        using (var heap = new FakeHeap(new FakeHeapContext(), options))
        {
            for (var i = 0; i < 30; i++) ((IHeap)heap).Allocate(4096);
        }

        var lines = File.ReadAllLines(directory["calls.jsonl"]).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(Enumerable.Range(1, 32), lines.Select(line => (int)line["n"]!));
        Assert.Equal(30, (int)lines[^1]["calls"]!["allocate"]!);
    }

    [Fact]
    public void A_file_that_cannot_be_written_keeps_the_heap_from_starting()
    {
        var options = new FakeOptions { Journal = new FakeJournalOptions { Lines = 16, File = "/proc/no/such/file" } };
        Assert.Contains("journal's file", Assert.Throws<HeapException>(() => new FakeHeap(new FakeHeapContext(), options)).Message);
    }

    [Fact]
    public async Task A_client_reads_a_long_journal_in_parts_each_line_once()
    {
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, Fake("{}")] });
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        const int Buffers = 500;
        for (var i = 0; i < Buffers; i++) (await client.AllocateAsync("fake", 4096)).Dispose();
        Eventually.True(() => host.Host.LiveBuffers == 0, "buffers are still alive");

        var lines = new List<JsonNode>();
        JournalPage page;
        long after = 0;
        var parts = 0;
        do
        {
            page = await client.ReadJournalAsync("fake", after);
            lines.AddRange(page.Lines.Select(line => JsonNode.Parse(line)!));
            after = page.Last;
            parts++;
        }
        while (page.More);

        Assert.Equal(Enumerable.Range(1, 1 + (3 * Buffers)), lines.Select(line => (int)line["n"]!));
        Assert.True(parts > 2, "it came all at once");
        Assert.Equal((0, after), ((await client.ReadJournalAsync("fake", after)).Lines.Count, (await client.ReadJournalAsync("fake", after)).Last));
    }

    [Fact]
    public async Task A_refusal_has_one_name_at_the_client_in_the_hosts_log_and_in_the_journal()
    {
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, Fake("""{ "rules": [ { "on": "allocate", "call": 2, "fail": "ENOMEM" } ] }""")] });
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var first = await client.AllocateAsync("fake", 4096);
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("fake", 4096));

        var line = (await client.ReadJournalAsync("fake")).Lines.Select(text => JsonNode.Parse(text)!).Single(each => (string?)each["answer"] == "ENOMEM");
        Assert.Equal(refusal.RequestId, (string)line["request"]!);
        Assert.Equal((Environment.ProcessId, ProcessIdentity.EffectiveUserId), ((int)line["pid"]!, (uint)line["uid"]!));
        Assert.Contains(host.Log, entry => entry.StartsWith("20: ") && entry.EndsWith($"request {refusal.RequestId})"));
    }

    [Fact]
    public async Task CPU_access_by_a_client_is_in_it_under_its_own_request()
    {
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, Fake("""{ "rules": [ { "on": "endCpuAccess", "fail": "EIO" } ] }""")] });
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var buffer = await client.AllocateAsync("fake", 4096);
        client.BeginCpuAccess(buffer.Handle, CpuAccessDirection.Write);
        var refusal = Assert.Throws<DmaHeapException>(() => client.EndCpuAccess(buffer.Handle, CpuAccessDirection.Write));

        var calls = (await client.ReadJournalAsync("fake")).Lines.Select(text => JsonNode.Parse(text)!).ToArray();
        Assert.Equal(["start", "allocate ok", "mmapPolicy ok", "beginCpuAccess ok", "endCpuAccess EIO"], calls.Select(line => $"{line["hook"]} {line["answer"]}".TrimEnd()));
        Assert.Equal(refusal.RequestId, (string)calls[^1]["request"]!);
        Assert.Equal(4, calls.Skip(1).Select(line => (string)line["request"]!).Distinct().Count() + 1);
    }

    [Fact]
    public async Task What_an_importer_asks_is_in_it_each_under_its_own_request()
    {
        using var host = new TestHost(options => options with { Heaps = [.. options.Heaps, Fake("""{ "rules": [ { "on": "map", "call": 2, "fail": "EBUSY" } ] }""")] });
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var buffer = await client.AllocateAsync("fake", 4096);
        using (var attachment = await buffer.AttachAsync())
        {
            (await attachment.MapAsync()).Dispose();
            var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => attachment.MapAsync());
            Assert.Equal(Errno.EBUSY, refusal.Errno);
            Assert.Contains((await client.ReadJournalAsync("fake")).Lines, line => line.Contains("\"EBUSY\"") && line.Contains($"\"request\":\"{refusal.RequestId}\""));
        }

        string[] expected = ["start", "allocate", "mmapPolicy", "attach", "map", "unmap", "map", "detach"];
        Eventually.True(() => host.Host.ReadJournal("fake").Lines.Count == expected.Length, "the detach does not arrive");
        var lines = host.Host.ReadJournal("fake").Lines.Select(text => JsonNode.Parse(text)!).ToArray();
        Assert.Equal(expected, lines.Select(line => (string)line["hook"]!));
        Assert.All(lines.Skip(1), line => Assert.NotNull(line["request"]));
    }

    [Fact]
    public async Task A_heap_without_a_journal_and_one_that_does_not_exist_are_told_apart()
    {
        using var host = new TestHost();
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        Assert.Equal((Errno.EOPNOTSUPP, HeapCause.NoJournal), await Refused("plain"));
        Assert.Equal((Errno.ENOENT, HeapCause.UnknownHeap), await Refused("nowhere"));
        Assert.Equal(HeapErrno.NotSupported, Assert.Throws<HeapException>(() => host.Host.ReadJournal("plain")).Errno);

        async Task<(Errno, string)> Refused(string heap)
        {
            var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.ReadJournalAsync(heap));
            return (refusal.Errno, refusal.Cause);
        }
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("long")]
    [InlineData(null)]
    public void What_a_heap_that_keeps_a_bad_journal_says_does_not_reach_clients(string? line)
    {
        var text = line == "long" ? new string('x', 5000) : line;
        using var host = new TestHost(options => options with { Heaps = [new() { Name = "bad", Create = _ => new BadJournal(text) }] });
        using var client = host.Connect();
        var request = new JournalRequest { Header = MessageCodec.Header<JournalRequest>(MessageKind.Journal, 1) };
        TextField.Write(request.Heap, "bad");

        Assert.Equal((int)Errno.EIO, client.Ask(request).As<ErrorReply>().Errno);
        Assert.Contains(host.Log, entry => entry.StartsWith("12: Heap bad failed in ReadJournal"));
    }

    private static HeapDefinition Fake(string script) => new() { Name = "fake", Create = context => new FakeHeap(context, Scripts.Accept(script)) };

    private sealed class BadJournal(string? line) : Heap<HeapBuffer>, IHeapJournal
    {
        public HeapJournalPage ReadJournal(long after, int most) => line is null ? throw new InvalidOperationException("no journal today") : new() { Lines = [line], Last = 1 };

        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
