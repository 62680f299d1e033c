namespace DmaHeap.Plugins.Inspection;

/// <summary>
/// The promise of versions: a plugin built for the same major and a minor not above the host's loads.
/// Below 1.0 every minor may break, so there a minor counts as a major. Build and revision never matter.
/// </summary>
static class ContractVersion
{
    /// <summary>Null when a plugin built for one contract runs on a host that has the other.</summary>
    public static PluginProblem? Compare(Version built, Version host, string who = "it")
    {
        bool minorIsMajor = host.Major == 0 && built.Major == 0;
        bool tooOld = built.Major < host.Major || (minorIsMajor && built.Minor < host.Minor);
        bool tooNew = built.Major > host.Major || (built.Major == host.Major && built.Minor > host.Minor);
        if (!tooOld && !tooNew)
            return null;

        string facts = $"{who} was built for {AssemblyRules.ContractName.Name} {built.Major}.{built.Minor}; this host has {host.Major}.{host.Minor}"
            + (minorIsMajor ? ", and below 1.0 only the same minor fits" : "");
        return tooNew
            ? new PluginProblem(PluginRefusal.ContractTooNew, $"{facts}. Update the host, or build the plugin against {host.Major}.{host.Minor}.")
            : new PluginProblem(PluginRefusal.ContractTooOld, $"{facts}. Get a newer version of the plugin, or build it against {host.Major}.{host.Minor}.");
    }
}
