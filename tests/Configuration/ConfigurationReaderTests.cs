using System.Text;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    [Fact]
    public void The_shipped_file_is_accepted_with_the_three_heaps_and_the_names_programs_look_for()
    {
        var path = Path.Combine(Reading.RepositoryRoot, "plugins.json");

        var configuration = ConfigurationReader.Read(path).ValueOrThrow();

        Assert.Equal(1, configuration.Version);
        Assert.Equal(path, configuration.SourcePath);
        Assert.Equal(new LimitsConfiguration(), configuration.Limits);
        Assert.Equal(["system", "default_cma_region", "protected,secure"], configuration.Heaps.Select(h => h.Name));
        Assert.Equal(["SystemHeap", "CmaHeap", "SecureHeap"], configuration.Heaps.Select(h => h.Plugin));
        Assert.Equal(["reserved", "linux,cma", "default-pool"], configuration.Heaps[1].Aliases);
        Assert.Equal([true, true, false], configuration.Heaps.Select(h => h.Required));
    }

    [Fact]
    public void The_options_of_the_shipped_file_fit_the_shipped_plugins()
    {
        var heaps = ConfigurationReader.Read(Path.Combine(Reading.RepositoryRoot, "plugins.json")).ValueOrThrow().Heaps;

        Assert.All(heaps, heap => Assert.Empty(ConfigurationReader.BindOptions(heap, ShippedPlugins.Options.Single(p => p.Plugin == heap.Plugin).OptionsType).Errors));
    }

    [Fact]
    public void A_heap_of_a_plugin_alone_has_the_documented_defaults()
    {
        var heap = Reading.AcceptHeap("""{"plugin":"SystemHeap"}""");

        Assert.Equal("h", heap.Name);
        Assert.Equal(new SourceLocation("plugins.json", 1, 24), heap.Location);
        Assert.Null(heap.Type);
        Assert.Empty(heap.Aliases);
        Assert.Null(heap.Options);
        Assert.Equal(new LimitsConfiguration(), heap.Limits);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, heap.Access.Mode);
        Assert.Null(heap.Access.Owner);
        Assert.Null(heap.Access.Group);
        Assert.Equal(CommitPolicy.Lazy, heap.Commit);
        Assert.Equal((HeapPages.Machine, null, HeapRecycling.Never), (heap.Pages, heap.Pool, heap.Recycle));
        Assert.True(heap.Cached);
        Assert.True(heap.Required);
    }

    [Fact]
    public void Every_key_reaches_the_model()
    {
        var configuration = Reading.Accept("""
            { "$schema": "x", "version": 1,
              "limits": { "total": "2GiB", "largestBuffer": 65536, "perUser": "1.5GiB" },
              "heaps": { "linux,cma": {
                "plugin": "./plugins/Cma.dll", "type": "CmaHeap", "aliases": ["a", "b-1"], "options": { "size": 1 },
                "limits": { "total": "1GiB", "largestBuffer": "512MiB", "perUser": "1GiB" },
                "access": { "mode": "660", "owner": "root", "group": 44 },
                "commit": "committed", "pages": "auto", "pool": { "min": "64KiB", "max": "1MiB", "sizes": [4096, "60KiB"] }, "recycle": "domain", "cached": false, "opTimeout": "2m", "required": false } } }
            """);

        Assert.Equal(new LimitsConfiguration { Total = new(2L << 30), LargestBuffer = new(65536), PerUser = new(3L << 29) }, configuration.Limits);
        var heap = Assert.Single(configuration.Heaps);
        Assert.Equal("./plugins/Cma.dll", heap.Plugin);
        Assert.Equal("CmaHeap", heap.Type);
        Assert.Equal(["a", "b-1"], heap.Aliases);
        Assert.NotNull(heap.Options);
        Assert.Equal(new(512L << 20), heap.Limits.LargestBuffer);
        Assert.Equal(Convert.ToInt32("660", 8), (int)heap.Access.Mode);
        Assert.Equal("root", heap.Access.Owner);
        Assert.Equal("44", heap.Access.Group);
        Assert.Equal(CommitPolicy.Committed, heap.Commit);
        Assert.Equal((HeapPages.Auto, HeapRecycling.Domain), (heap.Pages, heap.Recycle));
        Assert.Equal(new PoolConfiguration { Min = new(64 << 10), Max = new(1 << 20), Sizes = [new(4096), new(60 << 10)] }, heap.Pool);
        Assert.False(heap.Cached);
        Assert.Equal(TimeSpan.FromMinutes(2), heap.OpTimeout);
        Assert.False(heap.Required);
    }

    [Fact]
    public void Two_files_that_say_the_same_about_a_heap_are_told_from_two_that_do_not()
    {
        var heap = Reading.AcceptHeap("""{"plugin":"X","options":{"a":1,"b":[2]},"aliases":["n"]}""");

        Assert.True(heap.SaysTheSameAs(Reading.AcceptHeap("""{ "aliases":["n"],/**/ "cached": true,"options":{"b":[2],"a":1},"plugin":"X"}""")));
        Assert.False(heap.SaysTheSameAs(Reading.AcceptHeap("""{"plugin":"X","options":{"a":1,"b":[3]},"aliases":["n"]}""")));
        Assert.False(heap.SaysTheSameAs(Reading.AcceptHeap("""{"plugin":"X","options":{"a":1,"b":[2]},"aliases":[]}""")));
        Assert.False(heap.SaysTheSameAs(Reading.AcceptHeap("""{"plugin":"X","options":{"a":1,"b":[2]},"aliases":["n"],"access":{"mode":"0666"}}""")));
        Assert.False(heap.SaysTheSameAs(Reading.AcceptHeap("""{"plugin":"X","options":{"a":1,"b":[2]},"aliases":["n"],"pool":{}}""")));
    }

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_the_file()
    {
        var errors = Reading.Errors("""
            {
              "version": 2,
              "limits": { "total": "64 apples", "largestBufer": "1GiB" },
              "heaps": {
                "system": { "plugin": "SystemHeap", "optoins": {}, "required": "yes" },
                "a/b": { "plugin": "X", "commit": "lazzy" },
                "cma": { "aliases": ["ok", "system", 7], "access": { "mode": "0999" } },
                "cma": { "plugin": "X" }
              }
            }
            """);

        Assert.Equal(
            [
                "f:2:14: $.version: must be 1, not 2",
                "f:3:24: $.limits.total: expected a size such as \"64MiB\" or a whole number of bytes, found \"64 apples\"",
                "f:3:37: $.limits.largestBufer: unknown key \"largestBufer\"; did you mean \"largestBuffer\"?",
                "f:5:41: $.heaps.system.optoins: unknown key \"optoins\"; did you mean \"options\"?",
                "f:5:68: $.heaps.system.required: expected true or false, found \"yes\"",
                "f:6:5: $.heaps['a/b']: expected a heap name: 1 to 63 of A-Z a-z 0-9 . _ , + - and neither \".\" nor \"..\", found \"a/b\"",
                "f:6:39: $.heaps['a/b'].commit: expected one of \"lazy\", \"committed\", found \"lazzy\"",
                "f:7:12: $.heaps.cma: \"plugin\" is missing: The plugin: a name looked up on the search path, such as SystemHeap, or a path with a / in it, relative to this file.",
                "f:7:32: $.heaps.cma.aliases[1]: the name \"system\" is taken on line 5 (column 5) by $.heaps.system",
                "f:7:42: $.heaps.cma.aliases[2]: expected a heap name: 1 to 63 of A-Z a-z 0-9 . _ , + - and neither \".\" nor \"..\", found 7",
                "f:7:66: $.heaps.cma.access.mode: expected permission bits as an octal text such as \"0660\", found \"0999\"",
                "f:8:5: $.heaps.cma: key \"cma\" is given twice: on line 7 (column 5) and on line 8 (column 5)",
            ],
            errors);
    }

    [Theory]
    [InlineData("[]", "$: expected an object, found an array")]
    [InlineData("7", "$: expected an object, found 7")]
    [InlineData("null", "$: expected an object, found null")]
    [InlineData("""{"heaps":{"a":{"plugin":"X"}}}""", "$: \"version\" is missing")]
    [InlineData("""{"version":1}""", "$: \"heaps\" is missing")]
    [InlineData("""{"version":1,"heaps":{}}""", "$.heaps: must have at least one entry")]
    [InlineData("""{"version":1,"heaps":[]}""", "$.heaps: expected an object, found an array")]
    [InlineData("""{"version":1,"heaps":{"":{"plugin":"X"}}}""", "$.heaps['']: expected a heap name")]
    [InlineData("""{"version":1,"heaps":{"..":{"plugin":"X"}}}""", "$.heaps['..']: expected a heap name")]
    [InlineData("""{"version":1,"heaps":{"a\n":{"plugin":"X"}}}""", "$.heaps['a\\u000a']: expected a heap name")]
    [InlineData("""{"version":1.0,"heaps":{"a":{"plugin":"X"}}}""", "$.version: expected a whole number, found 1.0")]
    [InlineData("""{"version":"1","heaps":{"a":{"plugin":"X"}}}""", "$.version: expected a whole number, found \"1\"")]
    [InlineData("""{"version":99999999999999999999,"heaps":{"a":{"plugin":"X"}}}""", "$.version: 99999999999999999999 does not fit; must be 1")]
    [InlineData("""{"version":1,"limits":null,"heaps":{"a":{"plugin":"X"}}}""", "$.limits: expected an object, found null (to have no value, leave the key out)")]
    [InlineData("""{"version":1,"limits":{"total":"1MiB","perUser":"2MiB"},"heaps":{"a":{"plugin":"X"}}}""", "$.limits.perUser: 2MiB is more than the total of 1MiB")]
    [InlineData("""{"version":1,"limits":{"total":4095},"heaps":{"a":{"plugin":"X"}}}""", "$.limits.total: must be at least 4KiB, not 4095")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","$schema":"x"}}}""", "$.heaps.a.$schema: unknown key \"$schema\"; the keys here are plugin, type,")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","PLUGIN":"x"}}}""", "$.heaps.a.PLUGIN: unknown key \"PLUGIN\"; did you mean \"plugin\"?")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugni":"X"}}}""", "$.heaps.a.plugni: unknown key \"plugni\"; did you mean \"plugin\"?")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":""}}}""", "$.heaps.a.plugin: expected the name or path of a plugin, found \"\"")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","options":[]}}}""", "$.heaps.a.options: expected an object, found an array")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","access":{"mode":660}}}}""", "$.heaps.a.access.mode: expected permission bits")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","access":{"owner":4294967295}}}}""", "$.heaps.a.access.owner: 4294967295 is no user id")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","access":{"group":-1}}}}""", "$.heaps.a.access.group: expected a group name or id, found -1")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","aliases":["a"]}}}""", "$.heaps.a.aliases[0]: the name \"a\" is taken on line 1 (column 23) by $.heaps.a")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","aliases":["b","b"]}}}""", "$.heaps.a.aliases[1]: the name \"b\" is taken on line 1 (column 52) by $.heaps.a.aliases[0]")]
    [InlineData("""{"version":1,"heaps":{"a":{"plugin":"X","aliases":["b"]},"b":{"plugin":"X"}}}""", "$.heaps.a.aliases[0]: the name \"b\" is taken on line 1 (column 58) by $.heaps.b")]
    public void One_mistake_is_one_error(string json, string error) => Assert.Contains(error, Assert.Single(Reading.Errors(json)));

    [Fact]
    public void Errors_are_written_as_compilers_write_them_one_a_line()
    {
        var exception = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse("{ \"version\": 3, \"heaps\": {\n} }", "p.json").ValueOrThrow());

        Assert.Equal("p.json:1:14: $.version: must be 1, not 3\np.json:1:26: $.heaps: must have at least one entry", exception.Message);
        Assert.Equal(2, exception.Errors.Count);
    }

    [Fact]
    public void A_file_of_nothing_but_errors_gives_the_first_two_hundred()
    {
        var json = $"{{{string.Join(",", Enumerable.Range(0, 1000).Select(i => $"\"k{i}\":1"))}}}";

        Assert.Equal(200, ConfigurationReader.Parse(json).Errors.Count);
    }

    [Fact]
    public void A_large_file_of_one_line_and_many_errors_is_read_in_one_go()
    {
        // Were places worked out for each of the 250 000 names, this would take hours.
        var json = Reading.File("""{"plugin":"X","aliases":[""" + string.Join(",", Enumerable.Repeat("\"a\"", 250_000)) + "]}");

        Assert.Equal(200, ConfigurationReader.Parse(json).Errors.Count);
    }

    [Fact]
    public void Bytes_with_a_byte_order_mark_are_read_as_without()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Reading.File("""{"plugin":"X"}"""))];

        Assert.Equal(24, ConfigurationReader.Parse(bytes).ValueOrThrow().Heaps[0].Location.Column);
    }

    [Fact]
    public void A_file_above_the_limit_is_refused_and_one_at_it_is_read()
    {
        var json = Reading.File("""{"plugin":"X"}""");
        var padded = json.PadRight(ConfigurationReader.LargestFile);

        Assert.True(ConfigurationReader.Parse(padded).IsValid);
        Assert.Contains("larger than 4 MiB", Assert.Single(ConfigurationReader.Parse(padded + " ").Errors).ToString());
    }

    [Fact]
    public void A_device_without_end_is_refused_as_too_large() =>
        Assert.Contains("larger than 4 MiB", Assert.Single(ConfigurationReader.Read("/dev/zero").Errors).Message);

    [Theory]
    [InlineData("/nonexistent/plugins.json")]
    [InlineData("/")]
    public void A_file_that_cannot_be_read_is_an_error_about_the_whole_file(string path)
    {
        var error = Assert.Single(ConfigurationReader.Read(path).Errors);

        Assert.Equal(0, error.Location.Line);
        Assert.StartsWith($"{path}: cannot be read: ", error.ToString());
    }
}
