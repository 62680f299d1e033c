namespace DmaHeap.Tests.Configuration;

/// <summary>What a pool may be told to keep ready: lengths that are different, and that a buffer of the heap can have.</summary>
public sealed class PoolRulesTests
{
    public PoolRulesTests() => Assert.SkipUnless(Environment.SystemPageSize == 4096, "this machine has larger pages");

    [Theory]
    [InlineData("""{"sizes":[4097,"64KiB",4098,8192,4097]}""",
        "$.heaps.h.pool.sizes[2]: 4098B and 4097B are the same in whole pages, 8KiB: one of them is enough",
        "$.heaps.h.pool.sizes[3]: 8KiB and 4097B are the same in whole pages, 8KiB: one of them is enough",
        "$.heaps.h.pool.sizes[4]: 4097B stands here twice")]
    [InlineData("""{"max":"1MiB","sizes":["4KiB","2MiB"]}""", "$.heaps.h.pool.sizes[1]: 2MiB does not fit into a pool of 1MiB")]
    [InlineData("""{"max":5000,"sizes":[4097]}""", "$.heaps.h.pool.sizes[0]: 4097B, in whole pages 8KiB, does not fit into a pool of 5000B")]
    [InlineData("""{"min":"4KiB","max":10000,"sizes":[4096,4097]}""", "$.heaps.h.pool.sizes: one buffer of each size does not fit into a pool of 10000B")]
    [InlineData("""{"max":9223372036854775807,"sizes":[9223372036854775807]}""", "$.heaps.h.pool.sizes[0]: 9223372036854775807B is more than any buffer can have")]
    [InlineData("""{"sizes":["8EiB"]}""", "$.heaps.h.pool.sizes[0]: expected a size such as \"64MiB\" or a whole number of bytes, found \"8EiB\"")]
    public void A_length_that_is_another_one_or_no_buffers_is_refused_where_it_stands(string pool, params string[] errors) => Assert.Equal(errors, Errors($"\"pool\":{pool}"));

    [Theory]
    [InlineData("largestBuffer", """{"sizes":["8KiB","12KiB"]}""", "$.heaps.h.pool.sizes[1]: 12KiB is more than a buffer may have: the heap's largestBuffer is 8KiB")]
    [InlineData("largestBuffer", """{"sizes":[8193]}""", "$.heaps.h.pool.sizes[0]: 8193B, in whole pages 12KiB, is more than a buffer may have: the heap's largestBuffer is 8KiB")]
    [InlineData("perUser", """{"sizes":["12KiB"],"min":"12KiB"}""", "$.heaps.h.pool.sizes[0]: 12KiB is more than a buffer may have: the heap's perUser is 8KiB")]
    [InlineData("total", """{"sizes":["12KiB"]}""", "$.heaps.h.pool.sizes[0]: 12KiB is more than a buffer may have: the heap's total is 8KiB")]
    [InlineData("total", """{"sizes":["4KiB"],"min":"12KiB"}""", "$.heaps.h.pool.min: 12KiB is more than all buffers together may have: the heap's total is 8KiB")]
    public void What_a_limit_of_the_heap_or_the_host_never_lets_anybody_have_is_refused_with_that_limit(string limit, string pool, string error)
    {
        var limits = $$"""{"{{limit}}":"8KiB"}""";
        Assert.Equal([error], Errors($"\"limits\":{limits},\"pool\":{pool}"));
        Assert.Equal([error.Replace("the heap's", "the host's", StringComparison.Ordinal)], Errors($"\"pool\":{pool}", host: limits));
        Assert.Empty(Errors($"\"limits\":{limits.Replace("8", "16", StringComparison.Ordinal)},\"pool\":{pool}"));
    }

    [Fact]
    public void Lengths_are_rounded_to_the_pages_that_the_heap_has()
    {
        const string Sizes = """{"max":"8MiB","sizes":["4KiB","64KiB"]}""";
        Assert.Empty(Errors($"\"pool\":{Sizes}"));
        Assert.Empty(Errors($"\"pages\":\"auto\",\"pool\":{Sizes}"));
        Assert.Equal(["$.heaps.h.pool.sizes[1]: 64KiB and 4KiB are the same in whole pages, 2MiB: one of them is enough"], Errors($"\"pages\":\"2MiB\",\"pool\":{Sizes}"));
        Assert.Equal(
            ["$.heaps.h.pool.max: 1MiB holds no buffer of this heap, which has pages of 2MiB"], Errors("""  "pages":"2MiB","pool":{"max":"1MiB","sizes":["4KiB"]} """));
    }

    [Fact]
    public void They_are_told_with_what_is_wrong_elsewhere_and_of_the_heaps_in_drop_ins()
    {
        Assert.Equal(
            ["$.heaps.h.pool.sizes[1]: 4KiB stands here twice", "$.heaps.wrong: \"plugin\" is missing"],
            Errors(""" "pool":{"sizes":[4096,"4KiB"]}},"wrong":{ """).Select(error => error.Split(": The ")[0]));

        using var folder = new Linux.TemporaryDirectory();
        Directory.CreateDirectory(folder["plugins.d"]);
        folder.Write("plugins.json", """{"version":1,"limits":{"total":"8KiB"},"heaps":{"a":{"plugin":"X"}}}""");
        folder.Write("plugins.d/b.json", """{"version":1,"heaps":{"b":{"plugin":"X","pool":{"sizes":["12KiB"]}}}}""");
        var error = Assert.Single(Hosting.Configuration.ConfigurationReader.Read(folder["plugins.json"]).Errors);
        Assert.Equal("$.heaps.b.pool.sizes[0]: 12KiB is more than a buffer may have: the host's total is 8KiB", $"{error.Path}: {error.Message}");
        Assert.EndsWith("/plugins.d/b.json:1:58", error.Location.ToString(), StringComparison.Ordinal);
    }

    private static string[] Errors(string keys, string host = "{}") =>
        [.. Hosting.Configuration.ConfigurationReader.Parse("{\"version\":1,\"limits\":" + host + ",\"heaps\":{\"h\":{\"plugin\":\"X\"," + keys + "}}}").Errors.Select(error => $"{error.Path}: {error.Message}")];
}
