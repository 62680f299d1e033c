using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class ConfigurationPathTests
{
    const string Program = "/opt/dmaheap";

    [Fact]
    public void An_ordinary_users_own_comes_first() => Assert.Equal(
        ["/xdg/dmaheap/plugins.json", "/etc/dmaheap/plugins.json", "/opt/dmaheap/plugins.json"],
        ConfigurationPath.Candidates(Variables(("XDG_CONFIG_HOME", "/xdg"), ("HOME", "/home/u")), 1000, Program));

    [Fact]
    public void Without_the_variable_it_is_in_the_home_directory() => Assert.Equal(
        "/home/u/.config/dmaheap/plugins.json", ConfigurationPath.Candidates(Variables(("XDG_CONFIG_HOME", ""), ("HOME", "/home/u")), 1000, Program)[0]);

    [Fact]
    public void Root_has_none_of_its_own() => Assert.Equal(
        ["/etc/dmaheap/plugins.json", "/opt/dmaheap/plugins.json"],
        ConfigurationPath.Candidates(Variables(("XDG_CONFIG_HOME", "/xdg"), ("HOME", "/root")), 0, Program));

    [Fact]
    public void The_variable_names_that_and_no_other() => Assert.Equal(
        ["/here.json"], ConfigurationPath.Candidates(Variables(("DMAHEAP_CONFIG", "/here.json"), ("HOME", "/home/u")), 1000, Program));

    [Fact]
    public void Plugins_are_looked_for_where_the_variable_says_then_where_they_ship() => Assert.Equal(
        ["/a", "/b", "/opt/dmaheap/plugins", "/usr/lib/dmaheap/plugins"],
        ConfigurationPath.PluginFolders(Variables(("DMAHEAP_PLUGINS", "/a::/b")), Program));

    [Fact]
    public void Without_configuration_and_variable_plugins_are_where_they_ship() => Assert.Equal(
        ["/opt/dmaheap/plugins", "/usr/lib/dmaheap/plugins"], ConfigurationPath.PluginFolders(Variables(), Program));

    static Func<string, string?> Variables(params (string Name, string Value)[] set) => name => set.FirstOrDefault(variable => variable.Name == name).Value;
}
