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

    /// <summary>Path of the framework's assembly of that simple name, or null when it has none.</summary>
    public static string? Find(string name)
    {
        if (name.Length == 0 || Path.GetFileName(name) != name)
            return null;
        string path = Path.Combine(s_folder, name + ".dll");
        return File.Exists(path) && (!s_mixed || IsSignedByDotNet(path)) ? path : null;
    }

    /// <summary>Whether a private copy of that assembly could never work beside the runtime's.</summary>
    public static bool IsCore(string name) =>
        name is "System.Runtime" or "mscorlib" or "netstandard" || name.StartsWith("System.Private.", StringComparison.Ordinal);

    static bool IsSignedByDotNet(string path)
    {
        try
        {
            byte[]? token = AssemblyName.GetAssemblyName(path).GetPublicKeyToken();
            return token is not null && s_keys.Contains(Convert.ToHexStringLower(token));
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }
}
