using System.Text.Json.Nodes;
using DmaHeap.Heaps;
using DmaHeap.Testing;

namespace DmaHeap.Tests.Fakes;

/// <summary>The same seed and the same calls give the same journal, times included.</summary>
public sealed class DeterminismTests
{
    private const string Script = """
        { "seed": SEED, "rules": [
          { "on": "allocate", "chance": 30, "fail": "ENOMEM" },
          { "on": "allocate", "delay": { "distribution": "exponential", "mean": "20ms" } },
          { "on": "release", "chance": 10, "throw": "oops" } ] }
        """;

    [Fact]
    public void One_seed_gives_one_journal()
    {
        var first = Journal(seed: 42);
        Assert.Equal(first, Journal(seed: 42));
        Assert.Contains(first, line => line.Contains("ENOMEM"));
        Assert.Contains(first, line => line.Contains("throws"));
    }

    [Fact]
    public void Another_seed_gives_another() => Assert.NotEqual(Journal(seed: 42).Skip(1), Journal(seed: 43).Skip(1));

    [Fact]
    public void What_a_call_is_answered_does_not_depend_on_how_threads_are_scheduled()
    {
        string[] Answers()
        {
            using var heap = new FakeHeap(new Heaps.FakeHeapContext { OtherTime = new HastyTime() }, Scripts.Accept(Script.Replace("SEED", "7")));
            Parallel.For(0, 400, _ =>
            {
                try
                {
                    ((IHeap)heap).Allocate(new AllocationRequest { Length = 4096 }, CancellationToken.None);
                }
                catch (HeapException)
                {
                }
            });
            return [.. heap.Calls().OrderBy(line => (int)line["call"]!).Select(line => $"{line["call"]} {line["answer"]} {line["delayMicroseconds"]}")];
        }

        Assert.Equal(Answers(), Answers());
    }

    // The numbers of requests go on counting in the process; all else is held against the other run.
    private static string[] Journal(long seed)
    {
        FakeHeap heap = null!;
        using var host = DmaHeapTestHost.Start(new DmaHeapTestHostOptions
        {
            Heaps = [new() { Name = "fake", Create = context => heap = new FakeHeap(context, Scripts.Accept(Script.Replace("SEED", $"{seed}"))) }],
            Time = new HastyTime(),
        });
        for (var i = 0; i < 40; i++)
        {
            try
            {
                host.Allocate("fake", (i + 1) * 4096, $"buffer {i}").Dispose();
                Support.Eventually.True(() => host.Host.LiveBuffers == 0, "the buffer is not released");
            }
            catch (HeapException)
            {
            }
        }

        return [.. heap.ReadJournal(0, 1000).Lines.Select(Nameless)];
    }

    private static string Nameless(string line)
    {
        var json = JsonNode.Parse(line)!.AsObject();
        json.Remove("request");
        return json.ToJsonString();
    }
}
