using System.Globalization;

namespace DmaHeap.Plugins.Copies;

/// <summary>
/// A name for this process that no other ever has: its pid namespace, number and start time. A number alone is used again, and in another container
/// the same number is another process.
/// </summary>
static class ProcessIdentity
{
    const int StartTimeField = 22 - 3; // of /proc/PID/stat, counted from the state that follows the name

    static readonly string s_namespace = File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false) is { Name: var name }
        ? string.Concat(name.Where(char.IsAsciiDigit)) : "0";

    public static string Current { get; } = $"{s_namespace}-{Environment.ProcessId}-{StartTime(Environment.ProcessId)}";

    public static int UserId { get; } = ReadUserId();

    /// <summary>Whether a folder's name begins with the identity of a process that is known to be gone.</summary>
    public static bool IsDead(string folderName)
    {
        string[] parts = folderName.Split('-');
        return parts.Length == 4 && parts[0] == s_namespace
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && StartTime(pid) != parts[2];
    }

    static string? StartTime(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartTimeField];
        }
        catch (IOException)
        {
            return null;
        }
    }

    static int ReadUserId()
    {
        // Real, effective, saved, file system: files are created as the last.
        string ids = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return int.Parse(ids.Split('\t')[4], CultureInfo.InvariantCulture);
    }
}
