using DmaHeap.Hosting.Configuration;
using DmaHeap.Tests.Linux;

namespace DmaHeap.Tests.Configuration;

/// <summary>A heap's options in a file of their own.</summary>
public sealed class OptionsFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void The_options_of_a_file_are_bound_as_those_in_the_configuration()
    {
        var options = (SampleOptions)Read("""{ "threads": 7 /* comments are fine */ }""").ValueOrThrow().Bind("X", typeof(SampleOptions)).ValueOrThrow()!;

        Assert.Equal(7, options.Threads);
        Assert.Equal(new ByteSize(64 << 20), options.Size);
    }

    [Theory]
    [InlineData("{\n  \"thraeds\": 7 }", "2:3: $.thraeds: unknown key \"thraeds\"; did you mean \"threads\"?")]
    [InlineData("{\n  \"threads\": 0 }", "2:14: $.threads: must be from 1 to 64, not 0")]
    [InlineData("{ \"base\": 4097 }", "1:11: $.base: 4097 is not a multiple of 4096")]
    public void What_is_wrong_with_them_has_its_place_in_that_file(string json, string expected)
    {
        var bound = Read(json).ValueOrThrow().Bind("X", typeof(SampleOptions));

        Assert.Equal($"{Path}:{expected}", Assert.Single(bound.Errors).ToString());
        Assert.Null(bound.Value);
    }

    [Theory]
    [InlineData("[1]", ":1:1: $: expected an object with options, found an array")]
    [InlineData("", ":1:1: the file is empty")]
    [InlineData("{ \"a\": }", ":1:8: ")]
    public void What_is_no_object_is_refused_at_its_place(string json, string expected) =>
        Assert.StartsWith(Path + expected, Assert.Single(Read(json).Errors).ToString());

    [Fact]
    public void A_file_that_is_not_there_is_an_error_like_any_other() =>
        Assert.StartsWith($"{Path}: cannot be read: ", Assert.Single(OptionsFile.Read(Path).Errors).ToString());

    [Fact]
    public void A_plugin_without_options_takes_an_empty_file_alone()
    {
        Assert.True(Read("{}").ValueOrThrow().Bind("X", null).IsValid);
        Assert.Equal($"{Path}:1:1: $: X takes no options", Assert.Single(Read("""{"a":1}""").ValueOrThrow().Bind("X", null).Errors).ToString());
    }

    public void Dispose() => _directory.Dispose();

    private string Path => _directory["script.json"];

    private ConfigurationResult<OptionsFile> Read(string json)
    {
        _directory.Write("script.json", json);
        return OptionsFile.Read(Path);
    }
}
