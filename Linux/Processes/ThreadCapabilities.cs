using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>What the calling thread may do beyond an ordinary user (capabilities(7)).</summary>
public static class ThreadCapabilities
{
    internal const int SystemAdministration = 21;

    /// <summary>CAP_SYS_ADMIN: mounting, and filters without no_new_privs.</summary>
    public static bool MayAdministrate => (Effective() & (1ul << SystemAdministration)) != 0;

    static ulong Effective()
    {
        const string Key = "CapEff:";
        foreach (var line in File.ReadLines("/proc/thread-self/status"))
        {
            if (line.StartsWith(Key, StringComparison.Ordinal)) return ulong.Parse(line.AsSpan(Key.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return 0;
    }
}
