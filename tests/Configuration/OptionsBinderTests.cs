using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class OptionsBinderTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "zones": [] }""")]
    public void Absent_options_have_the_defaults_of_the_metadata(string json)
    {
        var options = Reading.Bind<SampleOptions>(json);

        Assert.Equal(new ByteSize(64 << 20), options.Size);
        Assert.Equal(SamplePages.Small, options.Pages);
        Assert.Equal(2, options.Threads);
        Assert.Equal(0, options.Base);
        Assert.Equal(TimeSpan.FromMilliseconds(500), options.Patience);
        Assert.True(options.Clear);
        Assert.Equal("", options.Label);
        Assert.Equal([new(4096), new(8192)], options.Classes);
        Assert.Empty(options.Zones);
        Assert.Null(options.Fallback);
        Assert.Equal(new ByteSize(1 << 20), options.Growth.Step);
    }

    [Fact]
    public void Every_kind_of_value_is_bound()
    {
        var options = Reading.Bind<SampleOptions>("""
            { "size": "1.5GiB", "pages": "2MiB", "threads": 64, "base": 9223372036854771712, "patience": "00:01:30", "clear": false,
              "label": "é", "classes": [4096, "2MiB"], "zones": [{ "name": "a" }, { "name": "b", "weight": 3 }],
              "fallback": { "name": "c" }, "growth": { "step": 7 } }
            """);

        Assert.Equal(new ByteSize(3L << 29), options.Size);
        Assert.Equal(SamplePages.Huge, options.Pages);
        Assert.Equal(64, options.Threads);
        Assert.Equal(9223372036854771712, options.Base);
        Assert.Equal(TimeSpan.FromSeconds(90), options.Patience);
        Assert.False(options.Clear);
        Assert.Equal("é", options.Label);
        Assert.Equal([new(4096), new(2 << 20)], options.Classes);
        Assert.Equal(["a1", "b3"], options.Zones.Select(z => $"{z.Name}{z.Weight}"));
        Assert.Equal("c", options.Fallback!.Name);
        Assert.Equal(new ByteSize(7), options.Growth.Step);
    }

    [Theory]
    [InlineData("""{"size":"2KiB"}""", "2:26: $.heaps.h.options.size: must be from 4KiB to 1TiB, not \"2KiB\"")]
    [InlineData("""{"size":-1}""", "2:26: $.heaps.h.options.size: expected a size such as \"64MiB\" or a whole number of bytes, found -1")]
    [InlineData("""{"size":1e6}""", "found 1e6")]
    [InlineData("""{"size":" 1MiB"}""", "found \" 1MiB\"")]
    [InlineData("""{"size":"99999999TiB"}""", "found \"99999999TiB\"")]
    [InlineData("""{"threads":0}""", "must be from 1 to 64, not 0")]
    [InlineData("""{"threads":65}""", "must be from 1 to 64, not 65")]
    [InlineData("""{"threads":2147483648}""", "2147483648 does not fit; must be from 1 to 64")]
    [InlineData("""{"threads":2.0}""", "expected a whole number, found 2.0")]
    [InlineData("""{"base":9223372036854775808}""", "9223372036854775808 does not fit; must be from -2^63 to 2^63-1")]
    [InlineData("""{"base":4097}""", "2:26: $.heaps.h.options.base: 4097 is not a multiple of 4096")]
    [InlineData("""{"patience":5}""", "expected a time such as \"500ms\"")]
    [InlineData("""{"patience":"61m"}""", "must be at most 1h, not \"61m\"")]
    [InlineData("""{"clear":null}""", "expected true or false, found null (to have no value, leave the key out)")]
    [InlineData("""{"label":1}""", "expected a text in quotes, found 1")]
    [InlineData("""{"pages":"1GiB"}""", "expected one of \"4KiB\", \"2MiB\", \"whateverFits\", found \"1GiB\"")]
    [InlineData("""{"pages":"Small"}""", "expected one of")]
    [InlineData("""{"classes":["4KiB",true]}""", "2:37: $.heaps.h.options.classes[1]: expected a size")]
    [InlineData("""{"classes":"4KiB"}""", "expected an array, found \"4KiB\"")]
    [InlineData("""{"zones":[{"weight":1}]}""", "2:28: $.heaps.h.options.zones[0]: \"name\" is missing: Name of the zone.")]
    [InlineData("""{"zones":[{"nam":"a"}]}""", "2:29: $.heaps.h.options.zones[0].nam: unknown key \"nam\"; did you mean \"name\"?")]
    [InlineData("""{"growth":{"stpe":"1MiB"}}""", "$.heaps.h.options.growth.stpe: unknown key \"stpe\"; did you mean \"step\"?")]
    [InlineData("""{"growth":7}""", "$.heaps.h.options.growth: expected an object, found 7")]
    [InlineData("""{"label":"everything"}""", "2:18: $.heaps.h.options: nothing is everything")]
    [InlineData("""{"pages":"2MiB","size":"1MiB"}""", "$.heaps.h.options.size: is not a multiple of its 2MiB pages")]
    public void A_wrong_option_is_located(string json, string error) =>
        Assert.Contains(error, Assert.Single(Reading.BindErrors<SampleOptions>(json)));

    [Fact]
    public void All_wrong_options_are_told_at_once()
    {
        var errors = Reading.BindErrors<SampleOptions>("""{ "sizes": 1, "threads": 0, "zones": [{}, {"name": 1}], "pages": true }""");

        Assert.Equal(
            ["$.heaps.h.options.sizes", "$.heaps.h.options.threads", "$.heaps.h.options.zones[0]", "$.heaps.h.options.zones[1].name", "$.heaps.h.options.pages"],
            errors.Select(e => e.Split(": ")[1]));
    }

    [Fact]
    public void A_rule_broken_by_a_default_is_told_at_the_options()
    {
        var heap = Reading.AcceptHeap("""{"plugin":"X","options":{}}""");

        var error = Assert.Single(ConfigurationReader.BindOptions(heap, typeof(NeverRight)).Errors);

        Assert.Equal("plugins.json:1:54: $.heaps.h.options.threads: 3 is odd", error.ToString());
    }

    [Fact]
    public void Options_left_out_are_bound_and_what_they_lack_is_told_at_the_heap()
    {
        var heap = Reading.AcceptHeap("""{"plugin":"X"}""");

        Assert.Equal(2, ((SampleOptions)ConfigurationReader.BindOptions(heap, typeof(SampleOptions)).ValueOrThrow()!).Threads);
        Assert.Equal(
            "plugins.json:1:30: $.heaps.h.options: \"device\" is missing: The device.",
            Assert.Single(ConfigurationReader.BindOptions(heap, typeof(DemandingOptions)).Errors).ToString());
    }

    [Fact]
    public void A_plugin_without_options_refuses_them_but_not_an_empty_object()
    {
        var given = ConfigurationReader.BindOptions(Reading.AcceptHeap("""{"plugin":"X","options":{"a":1}}"""), null);
        var empty = ConfigurationReader.BindOptions(Reading.AcceptHeap("""{"plugin":"X","options":{}}"""), null);

        Assert.Contains("$.heaps.h.options: X takes no options", Assert.Single(given.Errors).ToString());
        Assert.True(empty.IsValid);
        Assert.Null(empty.ValueOrThrow());
    }

    [Theory]
    [InlineData(typeof(WithDouble), "WithDouble.Ratio is of type System.Double; options can be bool, int,")]
    [InlineData(typeof(WithList), "WithList.Names is of type System.Collections.Generic.List")]
    [InlineData(typeof(WithNestedArrays), "WithNestedArrays.Table is of type")]
    [InlineData(typeof(WithoutAttribute), "WithoutAttribute.Size has no [Option]")]
    [InlineData(typeof(WithBadDefault), "WithBadDefault.Size has the Default \"64MB\", which it could not be set to")]
    [InlineData(typeof(WithDefaultBelowMinimum), "WithDefaultBelowMinimum.Count has the Default \"0\"")]
    [InlineData(typeof(WithBadMinimum), "WithBadMinimum.Count has the bound \"few\"")]
    [InlineData(typeof(WithBoundedText), "WithBoundedText.Text has bounds, which only")]
    [InlineData(typeof(WithRequiredDefault), "WithRequiredDefault.Count is required and has a Default")]
    [InlineData(typeof(WithHiddenDefault), "gives Count a value that its [Option] does not declare as Default")]
    [InlineData(typeof(WithTwins), "two members of Twins are both written \"a\"")]
    [InlineData(typeof(WithItself), "WithItself.Next is of type DmaHeap.Tests.Configuration.OptionsBinderTests+WithItself, which contains itself")]
    [InlineData(typeof(Positional), "Positional is no class that can be created without arguments")]
    [InlineData(typeof(int), "System.Int32 is no class")]
    [InlineData(typeof(Throwing), "Throwing failed: InvalidOperationException: no luck")]
    [InlineData(typeof(ThrowingCheck), "ThrowingCheck failed: InvalidOperationException: no check")]
    public void A_fault_of_the_plugin_is_told_as_one(Type type, string fault)
    {
        var heap = Reading.AcceptHeap("""{"plugin":"X"}""");

        Assert.Contains(fault, Assert.Single(ConfigurationReader.BindOptions(heap, type).Errors).ToString());
    }

    [Fact]
    public void A_fault_of_the_plugin_stands_at_the_plugins_name()
    {
        var error = Assert.Single(ConfigurationReader.BindOptions(Reading.AcceptHeap("""{"plugin":"X"}"""), typeof(WithDouble)).Errors);

        Assert.StartsWith("plugins.json:1:40: $.heaps.h.plugin: X has faulty options: ", error.ToString());
    }

    public sealed class NeverRight : ICheckedOptions
    {
        [Option("Threads.", Default = "3")]
        public int Threads { get; init; }

        public IEnumerable<OptionError> Check() => [new(nameof(Threads), $"{Threads} is odd")];
    }

    public sealed class WithDouble
    {
        [Option("x")]
        public double Ratio { get; init; }
    }

    public sealed class WithList
    {
        [Option("x")]
        public List<string> Names { get; init; } = [];
    }

    public sealed class WithNestedArrays
    {
        [Option("x")]
        public int[][] Table { get; init; } = [];
    }

    public sealed class WithoutAttribute
    {
        public ByteSize Size { get; init; }
    }

    public sealed class WithBadDefault
    {
        [Option("x", Default = "64MB")]
        public ByteSize Size { get; init; }
    }

    public sealed class WithDefaultBelowMinimum
    {
        [Option("x", Default = "0", Minimum = "1")]
        public int Count { get; init; }
    }

    public sealed class WithBadMinimum
    {
        [Option("x", Minimum = "few")]
        public int Count { get; init; }
    }

    public sealed class WithBoundedText
    {
        [Option("x", Minimum = "1")]
        public string Text { get; init; } = "";
    }

    public sealed class WithRequiredDefault
    {
        [Option("x", Default = "1")]
        public required int Count { get; init; }
    }

    public sealed class WithHiddenDefault
    {
        [Option("x")]
        public int Count { get; init; } = 5;
    }

    public enum Twins
    {
        A,

        [OptionValue("a")]
        B,
    }

    public sealed class WithTwins
    {
        [Option("x")]
        public Twins Twin { get; init; }
    }

    public sealed class WithItself
    {
        [Option("x")]
        public WithItself? Next { get; init; }
    }

    public sealed record Positional([property: Option("x")] int Count);

    public sealed class Throwing
    {
        public Throwing() => throw new InvalidOperationException("no luck");
    }

    public sealed class ThrowingCheck : ICheckedOptions
    {
        public IEnumerable<OptionError> Check() => throw new InvalidOperationException("no check");
    }
}
