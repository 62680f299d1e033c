using DmaHeap.Plugins;

namespace DmaHeap.Tests.Loader;

public sealed class PluginLocatorTests : IDisposable
{
    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("dmaheap-locator-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_name_is_found_in_a_folder_of_its_own_before_beside_it_and_in_the_first_search_folder_first()
    {
        string inOwnFolder = Touch("first/Some/Some.dll");
        string beside = Touch("first/Some.dll");
        string second = Touch("second/Some/Some.dll");
        var locator = new PluginLocator(_root.FullName, ["first", "second"]);

        Assert.Equal(inOwnFolder, locator.Locate("Some"));
        File.Delete(inOwnFolder);
        Assert.Equal(beside, locator.Locate("Some"));
        File.Delete(beside);
        Assert.Equal(second, locator.Locate("Some"));
    }

    [Theory]
    [InlineData("plugins/Some.dll")]
    [InlineData("./plugins/Some.dll")]
    [InlineData("deeper/../plugins/Some.dll")]
    public void A_path_is_relative_to_the_configuration_and_not_searched_for(string path)
    {
        string expected = Touch("plugins/Some.dll");
        Assert.Equal(expected, new PluginLocator(_root.FullName, []).Locate(path));
    }

    [Fact]
    public void A_bare_dll_name_is_a_path_too()
    {
        string expected = Touch("Some.dll");
        Touch("search/Some.dll/Some.dll.dll");
        Assert.Equal(expected, new PluginLocator(_root.FullName, ["search"]).Locate("Some.dll"));
    }

    [Fact]
    public void A_plugin_that_is_nowhere_is_reported_with_every_place_looked_at()
    {
        var locator = new PluginLocator(_root.FullName, ["one", "/two"]);
        var refused = Assert.Throws<PluginException>(() => locator.Locate("Nowhere"));

        Assert.Equal(PluginRefusal.NotFound, refused.Refusal);
        foreach (string place in (string[])[$"{_root.FullName}/one/Nowhere/Nowhere.dll", $"{_root.FullName}/one/Nowhere.dll", "/two/Nowhere/Nowhere.dll", "/two/Nowhere.dll"])
            Assert.Contains(place, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_not_taken_for_a_plugin()
    {
        Directory.CreateDirectory(Path.Combine(_root.FullName, "search/Some.dll"));
        Assert.Throws<PluginException>(() => new PluginLocator(_root.FullName, ["search"]).Locate("Some"));
    }

    string Touch(string relative)
    {
        string path = Path.Combine(_root.FullName, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
        return path;
    }
}
