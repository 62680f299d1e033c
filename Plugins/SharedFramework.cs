using System.Collections.Concurrent;
using System.Reflection;

namespace DmaHeap.Plugins;

/// <summary>The assemblies of .NET itself, the only ones besides the contract that a plugin shares with the host.</summary>
static class SharedFramework
{
    // The keys .NET's own libraries are signed with (Microsoft.Extensions.* have another one).
    static readonly string[] s_keys = ["b03f5f7f11d50a3a", "7cec85d7bea7798e", "cc7b13ffcd2ddd51", "b77a5c561934e089"];

    static readonly string s_folder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    // Published self-contained, the host and .NET lie in one folder, and being there proves nothing.
    static readonly bool s_mixed = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory) == s_folder;

    static readonly ConcurrentDictionary<string, Version> s_versions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Version of the framework's assembly of that simple name, or null when it has none.</summary>
    public static Version? FindVersion(string name) =>
        // Names come from files: only those that exist are worth remembering.
        s_versions.TryGetValue(name, out Version? known) ? known : Read(name) is { } read ? s_versions.GetOrAdd(name, read) : null;

    /// <summary>Whether a second one of that assembly could never work beside the runtime's, whatever its version.</summary>
    public static bool IsCore(string name) =>
        name is "System.Runtime" or "mscorlib" or "netstandard" || name.StartsWith("System.Private.", StringComparison.Ordinal);

    static Version? Read(string name)
    {
        string path = Path.Combine(s_folder, name + ".dll");
        if (name.Length == 0 || Path.GetFileName(name) != name || !File.Exists(path))
            return null;
        try
        {
            AssemblyName assembly = AssemblyName.GetAssemblyName(path);
            return !s_mixed || IsSignedByDotNet(assembly) ? assembly.Version : null;
        }
        catch (BadImageFormatException)
        {
            return null; // a native library of the runtime's
        }
    }

    static bool IsSignedByDotNet(AssemblyName assembly) =>
        assembly.GetPublicKeyToken() is { } token && s_keys.Contains(Convert.ToHexStringLower(token));
}
