using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace GoodPlugin;

static class CodeRan
{
    /// <summary>Runs before any other code of this assembly, and leaves a file where it is told to.</summary>
    [SuppressMessage("Usage", "CA2255", Justification = "What an inspection must not run is to be as eager as it can be.")]
    [ModuleInitializer]
    internal static void Leave()
    {
        if (Environment.GetEnvironmentVariable("GOODPLUGIN_RAN") is { Length: > 0 } path)
            File.WriteAllText(path, "");
    }
}
