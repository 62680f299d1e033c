using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;

namespace DmaHeap.Cli;

/// <summary>Makes a host's options of what the command line says and what <see cref="ConfigurationPath"/> finds.</summary>
static class HostSetup
{
    /// <summary>The options, without a socket.</summary>
    /// <param name="configuration">A configuration to use; null to look for one.</param>
    /// <param name="plugins">Plugin files to try out.</param>
    /// <exception cref="CommandFailedException">There is nothing to serve.</exception>
    public static DmaHeapHostOptions Make(string? configuration, IReadOnlyList<string> plugins)
    {
        var path = configuration ?? Find(required: plugins.Count == 0);
        return new DmaHeapHostOptions
        {
            ConfigurationPath = path,
            PluginFiles = plugins,
            PluginFolders = ConfigurationPath.PluginFolders(Environment.GetEnvironmentVariable, AppContext.BaseDirectory),
        };
    }

    static string? Find(bool required)
    {
        var candidates = ConfigurationPath.Candidates(Environment.GetEnvironmentVariable, ProcessIdentity.EffectiveUserId, AppContext.BaseDirectory);
        // A file named by the variable is not passed over: reading it will say what is wrong with it.
        if (candidates.Count == 1) return candidates[0];
        // A clone's launcher links to the clone's file: that is the one to name in messages, and the one whose folder relative plugins are relative to.
        if (candidates.FirstOrDefault(File.Exists) is { } found) return File.ResolveLinkTarget(found, returnFinalTarget: true)?.FullName ?? found;
        if (!required) return null;
        throw new CommandFailedException(
            ExitCode.Configuration, "no-configuration", $"There is no configuration. Looked at {string.Join(", ", candidates)}; or name one with --config.");
    }
}
