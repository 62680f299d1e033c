using DmaHeap.Client;
using DmaHeap.Heaps;
using DmaHeap.Linux;
using DmaHeap.Testing;
using DmaHeap.Tests.Heaps;

namespace DmaHeap.Tests.Fakes;

/// <summary>What a script says happens, and nothing else.</summary>
public sealed class FakeHeapTests
{
    private const long Page = 4096;

    public static TheoryData<FakeHook> Hooks { get; } = [.. Enum.GetValues<FakeHook>()];

    [Theory]
    [MemberData(nameof(Hooks))]
    public void Any_hook_fails_or_throws_as_scripted_at_that_call_alone(FakeHook hook)
    {
        var on = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(hook.ToString());
        using var heap = Heap($$"""{ "rules": [ { "on": "{{on}}", "call": 2, "fail": "EBUSY", "cause": "on-purpose", "message": "says who" }, { "on": "{{on}}", "call": 3, "throw": "oops" } ] }""");

        CallAll(heap);
        var refusal = Assert.Throws<HeapException>(() => CallAll(heap));
        Assert.Equal((HeapErrno.Busy, "on-purpose", "says who"), (refusal.Errno, refusal.Cause, refusal.Message));
        Assert.Equal("oops", Assert.Throws<InvalidOperationException>(() => CallAll(heap)).Message);
        CallAll(heap);

        Assert.Equal([(1, "ok"), (2, "EBUSY"), (3, "throws"), (4, "ok")],
            heap.Calls().Where(line => (string)line["hook"]! == on).Select(line => ((int)line["call"]!, (string)line["answer"]!)));
    }

    [Theory]
    [InlineData("\"from\": 3", "3 4 5 6 7 8 9 10")]
    [InlineData("\"to\": 2", "1 2")]
    [InlineData("\"every\": 4", "4 8")]
    [InlineData("\"from\": 2, \"every\": 3, \"to\": 8", "2 5 8")]
    [InlineData("\"times\": 3, \"from\": 2", "2 3 4")]
    [InlineData("\"largerThan\": \"20KiB\"", "6 7 8 9 10")]
    [InlineData("\"name\": \"b*\"", "2 4 6 8 10")]
    [InlineData("\"name\": \"?\"", "")]
    [InlineData("\"name\": \"*1*0*\"", "10")]
    [InlineData("\"name\": \"a*a\"", "")]
    [InlineData("\"user\": 7", "3 6 9")]
    [InlineData("\"chance\": 100", "1 2 3 4 5 6 7 8 9 10")]
    [InlineData("\"name\": \"b*\", \"user\": 7", "6")]
    public void A_rule_is_for_the_calls_that_all_its_conditions_hold_for(string conditions, string expected)
    {
        using var heap = Heap($$"""{ "rules": [ { "on": "allocate", {{conditions}}, "fail": "EIO" } ] }""");
        var failed = new List<int>();
        for (var i = 1; i <= 10; i++)
        {
            var request = new AllocationRequest { Length = i * Page, Name = i % 2 == 0 ? "b" + i : "a", Caller = new Caller(i % 3 == 0 ? 7u : 8u, 0, 1, [], "") };
            try
            {
                heap.Allocate(in request, CancellationToken.None);
            }
            catch (HeapException)
            {
                failed.Add(i);
            }
        }

        Assert.Equal(expected, string.Join(' ', failed));
    }

    [Fact]
    public void Delays_of_all_rules_add_up_and_the_first_outcome_counts()
    {
        var time = new HastyTime();
        using var heap = Heap("""
            { "rules": [
              { "on": "allocate", "delay": { "time": "2s" } },
              { "on": "allocate", "delay": { "time": "3s" }, "fail": "EIO" },
              { "on": "allocate", "throw": "never" } ] }
            """, time);

        HeapCalls.Refuses(() => heap.Allocate(Page), HeapErrno.InputOutput, "scripted");
        Assert.Equal(TimeSpan.FromSeconds(5), time.Passed);
        Assert.Equal((5_000_000, 2), ((int)heap.Calls().Single()["delayMicroseconds"]!, (int)heap.Calls().Single()["rule"]!));
    }

    [Fact]
    public void Delays_of_many_rules_may_last_longer_than_any_timer()
    {
        const int Days = 60;
        var time = new HastyTime();
        using var heap = Heap($$"""{ "rules": [ {{string.Join(", ", Enumerable.Repeat("""{ "on": "allocate", "delay": { "time": "1d" } }""", Days))}} ] }""", time);
        heap.Allocate(Page);
        Assert.Equal(TimeSpan.FromDays(Days), time.Passed);
    }

    [Theory]
    [InlineData("""{ "distribution": "uniform", "from": "10ms", "to": "30ms" }""", 10, 30, 20, 1)]
    [InlineData("""{ "distribution": "exponential", "mean": "10ms" }""", 0, 100, 10, 2)]
    [InlineData("""{ "distribution": "normal", "mean": "50ms", "deviation": "5ms" }""", 20, 80, 50, 1)]
    [InlineData("""{ "distribution": "normal", "mean": "5ms", "deviation": "50ms", "atMost": "6ms" }""", 0, 6, 3, 1)]
    public void Drawn_delays_are_of_their_distribution(string delay, double least, double most, double mean, double tolerance)
    {
        using var heap = Heap($$"""{ "seed": 1, "rules": [ { "on": "vmap", "delay": {{delay}} } ] }""", new HastyTime());
        var buffer = heap.Allocate(Page);
        for (var i = 0; i < 1000; i++) buffer.Vmap();

        var drawn = heap.Calls().Where(line => (string)line["hook"]! == "vmap").Select(line => (double?)line["delayMicroseconds"] / 1000 ?? 0).ToArray();
        Assert.All(drawn, milliseconds => Assert.InRange(milliseconds, least, most));
        Assert.InRange(drawn.Average(), mean - tolerance, mean + tolerance);
        Assert.True(drawn.Distinct().Count() > 30, "they are hardly drawn at all");
    }

    [Fact]
    public void A_region_fills_up_and_recovers_and_one_that_ran_out_does_not()
    {
        using var region = Heap("""{ "capacity": "16KiB", "largestRun": "8KiB" }""");
        HeapCalls.Refuses(() => region.Allocate(5 * Page), HeapErrno.NoMemory, HeapCause.LargerThanHeap);
        var refusal = HeapCalls.Refuses(() => region.Allocate(3 * Page), HeapErrno.NoMemory, HeapCause.Fragmented);
        Assert.Contains("16 KiB free, largest run 8 KiB", refusal.Message);
        HeapBuffer[] held = [region.Allocate(2 * Page), region.Allocate(2 * Page)];
        HeapCalls.Refuses(() => region.Allocate(Page), HeapErrno.NoMemory, HeapCause.Exhausted);
        region.Free(held[0]);
        region.Allocate(Page);

        using var budget = Heap("""{ "runOutAfter": "8KiB" }""");
        budget.Free(budget.Allocate(2 * Page));
        HeapCalls.Refuses(() => budget.Allocate(Page), HeapErrno.NoMemory, HeapCause.Exhausted);
    }

    [Theory]
    [InlineData(1, 0, "1")]
    [InlineData(9, 0, "1 2 3 1 2")]
    [InlineData(9, 2, "1 2 2 1 1 2")]
    [InlineData(129, 0, "3 6 9 3 6 9 3 6 9 3 6 9 3 6 9 3 6 9 3 6 9 3")]
    public void Fragmented_memory_comes_to_importers_in_runs_and_other_memory_in_one(int pages, int longest, string expected)
    {
        using var heap = Heap("""{ "rules": [ { "on": "allocate", "call": 1, "memory": "fragmented" } ] }""");
        HeapBuffer fragmented = heap.Allocate(pages * Page), whole = heap.Allocate(pages * Page);
        var constraints = new AttachConstraints { MaxSegmentBytes = longest * Page };

        var segments = fragmented.Map(fragmented.Attach(new AttachRequest { Constraints = constraints }), DataDirection.Bidirectional);
        Assert.Equal(expected, string.Join(' ', segments.Select(segment => segment.Length / Page)));
        var end = 0L;
        Assert.All(segments, segment => Assert.Equal((fragmented.Memory, segment.Offset + segment.Length), (segment.Memory, end = segment.Offset == end ? end + segment.Length : -1)));
        Assert.Equal(pages * Page, end);
        Assert.Single(whole.Map(whole.Attach(new AttachRequest()), DataDirection.Bidirectional));
    }

    [Fact]
    public async Task Fragmented_memory_is_seen_by_clients_and_is_no_good_to_who_takes_fewer_segments()
    {
        await using var host = await DmaHeapTestHost.StartAsync(new DmaHeapTestHostOptions
        {
            Heaps = [new() { Name = "fake", Create = context => new FakeHeap(context, Scripts.Accept("""{ "rules": [ { "on": "allocate", "memory": "fragmented" } ] }""")) }],
            Listen = true,
        });
        await using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var buffer = await client.AllocateAsync("fake", 6 * Page, new DmaAllocationOptions { MaxSegments = 3 });

        using (var attachment = await buffer.AttachAsync(new DmaAttachConstraints { MaxSegments = 3 }))
        using (var mapping = await attachment.MapAsync())
            Assert.Equal([Page, 2 * Page, 3 * Page], mapping.Segments.Select(segment => segment.Length));
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => buffer.AttachAsync(new DmaAttachConstraints { MaxSegments = 2 }));
        Assert.Equal((Errno.EINVAL, HeapCause.ConstraintsNotMet), (refusal.Errno, refusal.Cause));
        refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("fake", 6 * Page, new DmaAllocationOptions { MaxSegments = 2 }));
        Assert.Equal((Errno.ENOMEM, HeapCause.Fragmented), (refusal.Errno, refusal.Cause));
    }

    [Fact]
    public void Unzeroed_memory_is_dirty_to_the_last_byte_and_other_memory_is_not()
    {
        using var host = Hosted("""{ "rules": [ { "on": "allocate", "call": 2, "memory": "unzeroed" } ] }""");
        foreach (var expected in new byte[] { 0, 0xA5, 0 })
        {
            using var buffer = host.Allocate("fake", (1 << 20) + Page);
            var bytes = new byte[buffer.Length];
            Assert.Equal(bytes.Length, RandomAccess.Read(buffer.Handle, bytes, 0));
            Assert.False(bytes.AsSpan().ContainsAnyExcept(expected), $"something other than 0x{expected:x2}");
        }
    }

    [Fact]
    public void Short_memory_is_noticed_by_the_host_and_nothing_is_left_of_it()
    {
        using var host = Hosted("""{ "rules": [ { "on": "allocate", "call": 1, "memory": "short" } ] }""");
        var refusal = Assert.Throws<HeapException>(() => host.Allocate("fake", 2 * Page));
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        host.Allocate("fake", 2 * Page).Dispose();
    }

    [Fact]
    public async Task A_call_that_hangs_ends_when_it_is_said_to()
    {
        using var stopping = new CancellationTokenSource();
        using var heap = new FakeHeap(
            new FakeHeapContext { Stopping = stopping.Token },
            Scripts.Accept("""{ "rules": [ { "on": "allocate", "call": 1, "hang": "untilCancelled" }, { "on": "allocate", "call": 2, "hang": "untilStopped" } ] }"""));
        using var withdrawn = new CancellationTokenSource();

        var first = Task.Factory.StartNew(() => heap.Allocate(new AllocationRequest { Length = Page }, withdrawn.Token), TaskCreationOptions.LongRunning);
        await Support.Eventually.Is(() => heap.Calls().Length == 1);
        var second = Task.Factory.StartNew(() => heap.Allocate(new AllocationRequest { Length = Page }, withdrawn.Token), TaskCreationOptions.LongRunning);
        await Support.Eventually.Is(() => heap.Calls().Length == 2);
        heap.Allocate(Page); // others are served meanwhile
        withdrawn.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(second.IsCompleted);
        stopping.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        Assert.Equal(["1 hangs", "2 hangs", "3 ok", "1 EINTR", "2 EINTR"], heap.Calls().Select(line => $"{line["call"]} {line["answer"]}"));
    }

    [Fact]
    public void The_seed_is_logged_and_drawn_where_none_is_given()
    {
        var context = new FakeHeapContext();
        using var given = new FakeHeap(context, Scripts.Accept("""{ "seed": 42 }"""));
        using var drawn = new FakeHeap(context, new FakeOptions { Journal = new FakeJournalOptions { Lines = 16 } });

        Assert.Equal(["42", drawn.Seed.ToString()], context.Entries.Select(entry => entry.Fields.Single(field => field.Name == "Seed").Value));
        Assert.Contains($"\"seed\":{drawn.Seed},", drawn.ReadJournal(0, 1).Lines.Single());
    }

    private static FakeHeap Heap(string script, TimeProvider? time = null) =>
        new(new FakeHeapContext { OtherTime = time ?? TimeProvider.System }, Scripts.Accept(script));

    private static DmaHeapTestHost Hosted(string script) => DmaHeapTestHost.Start("fake", context => new FakeHeap(context, Scripts.Accept(script)));

    [Fact]
    public void A_hoard_is_taken_at_the_start_and_given_back_by_pieces_when_asked()
    {
        using var heap = Heap("""{ "hoard": "2500KiB", "rules": [ { "on": "scan", "call": 2, "fail": "EBUSY" } ] }""");
        Assert.Equal(2500 << 10, heap.Count());

        Assert.Equal(452 << 10, heap.Scan(1));
        Assert.Throws<HeapException>(() => heap.Scan(1));
        Assert.Equal(2 << 20, heap.Count());
        Assert.Equal(2 << 20, heap.Scan(long.MaxValue));
        Assert.Equal((0, 0), (heap.Count(), heap.Scan(1)));
        Assert.Equal(["ok", "EBUSY", "ok", "ok"], heap.Calls().Select(line => (string)line["answer"]!));
    }

    private static void CallAll(IHeap heap)
    {
        var buffer = heap.Allocate(Page);
        _ = buffer.MmapPolicy;
        var attachment = buffer.Attach(new AttachRequest());
        var segments = buffer.Map(attachment, DataDirection.Bidirectional);
        var access = new CpuAccess { Direction = DataDirection.FromDevice };
        buffer.BeginCpuAccess(in access);
        buffer.EndCpuAccess(in access);
        buffer.Vunmap(buffer.Vmap());
        buffer.Unmap(attachment, segments, DataDirection.Bidirectional);
        buffer.Detach(attachment);
        heap.Free(buffer);
        ((IShrinker)heap).Scan(Page);
    }
}
