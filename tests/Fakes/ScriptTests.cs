using DmaHeap.Heaps;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Fakes;

/// <summary>A script says what is meant, or is refused whole with every error in its place.</summary>
public sealed class ScriptTests
{
    public static TheoryData<string> Samples { get; } = [.. Directory.GetFiles(Repository.File("samples", "fakes"), "*.json").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_samples_are_right(string name) => Assert.Empty(Scripts.Errors(File.ReadAllText(Repository.File("samples", "fakes", name))));

    [Fact]
    public void A_script_without_anything_is_a_plain_heap()
    {
        var options = Scripts.Accept("{}");
        Assert.Equal((null, 16384), (options.Seed, options.Journal.Lines));
        Assert.Empty(options.Rules);
    }

    [Theory]
    [InlineData("""{ "seeed": 1 }""", "1:3: $.seeed: unknown key \"seeed\"; did you mean \"seed\"?")]
    [InlineData("""{ "capacity": "1KiB" }""", "1:15: $.capacity: must be at least 4KiB, not \"1KiB\"")]
    [InlineData("""{ "capacity": "1MiB", "largestRun": "2MiB" }""", "1:37: $.largestRun: 2MiB is more than the capacity of 1MiB")]
    [InlineData("""{ "journal": { "lines": 1 } }""", "1:25: $.journal.lines: must be from 16 to 1000000, not 1")]
    public void What_is_wrong_with_the_whole_has_its_place(string script, string expected) => Assert.Equal([expected], Scripts.Errors(script));

    [Theory]
    [InlineData("""{ "on": "alocate", "fail": "ENOMEM" }""", "2:9: $.rules[0].on: expected one of \"allocate\", \"release\", ")]
    [InlineData("""{ "fail": "ENOMEM" }""", "2:1: $.rules[0]: \"on\" is missing: ")]
    [InlineData("""{ "on": "allocate", "fail": "ENOSUCH" }""", "2:29: $.rules[0].fail: expected one of \"EPERM\", ")]
    [InlineData("""{ "on": "allocate", "fial": "ENOMEM" }""", "2:21: $.rules[0].fial: unknown key \"fial\"; did you mean \"fail\"?")]
    [InlineData("""{ "on": "allocate" }""", "2:1: $.rules[0]: the rule does nothing: give it fail, throw, hang, memory or delay")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "throw": "x" }""", "2:45: $.rules[0].throw: a call has one outcome, and the rule has \"fail\" already")]
    [InlineData("""{ "on": "release", "memory": "short" }""", "2:30: $.rules[0].memory: only allocate hands out memory")]
    [InlineData("""{ "on": "release", "hang": "untilCancelled" }""", "2:28: $.rules[0].hang: only a call of allocate can be given up by its caller")]
    [InlineData("""{ "on": "release", "hang": "untilChristmas" }""", "2:28: $.rules[0].hang: expected one of \"untilCancelled\", \"untilStopped\", \"forever\", found \"untilChristmas\"")]
    [InlineData("""{ "on": "allocate", "throw": "x", "cause": "y" }""", "2:44: $.rules[0].cause: a cause goes with \"fail\"")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "cause": "Not So" }""", "2:45: $.rules[0].cause: a cause is lower case words joined by '-', at most 31 characters")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "call": 2, "every": 3 }""", "2:44: $.rules[0].call: one call is meant by \"call\"")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "from": 5, "to": 4 }""", "2:53: $.rules[0].to: 4 comes before \"from\", which is 5")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "call": 0 }""", "2:44: $.rules[0].call: must be at least 1, not 0")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "chance": 101 }""", "2:46: $.rules[0].chance: must be from 1 to 100, not 101")]
    [InlineData("""{ "on": "allocate", "fail": "EIO", "name": "" }""", "2:44: $.rules[0].name: no buffer is meant")]
    [InlineData("""{ "on": "allocate", "delay": { "time": "5" } }""", "2:40: $.rules[0].delay.time: expected a time such as \"500ms\"")]
    [InlineData("""{ "on": "allocate", "delay": { "time": "999999d" } }""", "2:40: $.rules[0].delay.time: must be at most 1d")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "exponential", "mean": "5ms", "atMost": "25h" } }""", "2:88: $.rules[0].delay.atMost: must be at most 1d")]
    [InlineData("""{ "on": "allocate", "delay": { } }""", "2:30: $.rules[0].delay.time: is missing: a fixed delay has \"time\"")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "poisson", "mean": "5ms" } }""", "2:48: $.rules[0].delay.distribution: expected one of \"fixed\", \"uniform\", \"exponential\", \"normal\", found \"poisson\"")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "uniform", "from": "5ms", "to": "5ms" } }""", "2:80: $.rules[0].delay.to: must be longer than \"from\"")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "exponential", "mean": "0s" } }""", "2:71: $.rules[0].delay.mean: must be longer than nothing")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "exponential", "mean": "5ms", "deviation": "1ms" } }""", "2:91: $.rules[0].delay.deviation: is not for an exponential delay, which has \"mean\"")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "normal", "mean": "5ms", "deviation": "0s" } }""", "2:86: $.rules[0].delay.deviation: must be more than nothing")]
    [InlineData("""{ "on": "allocate", "delay": { "distribution": "normal", "mean": "5ms", "deviation": "1ms", "atMost": "1ms" } }""", "2:103: $.rules[0].delay.atMost: must not be shorter than the mean")]
    [InlineData("""{ "on": "allocate", "delay": { "time": "5ms", "atMost": "1ms" } }""", "2:57: $.rules[0].delay.atMost: a fixed delay is bounded as it is")]
    public void What_is_wrong_with_a_rule_has_its_place(string rule, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Scripts.Errors($$"""{ "rules": [{{'\n'}}{{rule}}] }""")));

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var errors = Scripts.Errors("""
            {
              "rules": [
                { "on": "x", "fail": "EIO" },
                { "on": "release" }
              ],
              "sed": 1
            }
            """);
        Assert.Equal(["3:13: $.rules[0].on", "4:5: $.rules[1]", "6:3: $.sed"], errors.Select(error => string.Join(": ", error.Split(": ").Take(2))));
    }

    [Fact]
    public void Every_error_a_heap_may_answer_with_can_be_scripted() =>
        Assert.Equal(Enum.GetValues<HeapErrno>().Select(errno => (int)errno), Enum.GetValues<FakeErrno>().Select(errno => (int)errno));

    [Fact]
    public void Every_op_of_a_buffer_and_of_the_heap_that_does_something_can_be_scripted()
    {
        var ops = typeof(HeapBuffer).GetMethods().Where(method => method is { IsVirtual: true, IsFinal: false } && method.DeclaringType == typeof(HeapBuffer))
            .Select(method => method.Name.Replace("get_", "")).Concat([nameof(IHeap.Allocate), nameof(IHeap.Release), nameof(IShrinker.Scan)]);
        Assert.Equal(ops.Order(), Enum.GetNames<FakeHook>().Order());
    }
}
