using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Tests.Configuration;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>Each shipped heap's README lists its options, also those of rules within them.</summary>
public sealed class HeapReadmeTests
{
    // FakeHeap's options are a script, told by examples.
    public static TheoryData<string> Plugins { get; } = [.. ShippedPlugins.Options.Select(each => each.Plugin).Where(plugin => plugin != "FakeHeap")];

    [Theory]
    [MemberData(nameof(Plugins))]
    public void Every_option_is_in_the_readme(string plugin)
    {
        var readme = File.ReadAllText(Repository.File(plugin, "README.md"));
        var options = ShippedPlugins.Options.Single(each => each.Plugin == plugin).OptionsType;
        if (options is null) return;
        var keys = new HashSet<string>();
        AddKeys(new OptionTypeBuilder().Describe(options).ToSchema(), keys);

        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.Contains($"{key}`", readme));
    }

    private static void AddKeys(JsonNode? schema, HashSet<string> keys)
    {
        if (schema is not JsonObject node) return;
        AddKeys(node["items"], keys);
        foreach (var (key, value) in node["properties"] as JsonObject ?? [])
        {
            keys.Add(key);
            AddKeys(value, keys);
        }
    }
}
