using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>What the memory controller says of a process's control group and those above it.</summary>
/// <param name="Path">The group's path as <c>/proc/PID/cgroup</c> names it.</param>
/// <param name="Limit">The smallest limit among the group and its ancestors, in bytes; null where none has one.</param>
/// <param name="Usage">What the group with that limit uses, in bytes; null without a limit.</param>
/// <param name="Available">The least that any group with a limit has left, in bytes; null without a limit. An ancestor with a larger limit
/// may have less left, for it also pays for its other children.</param>
public readonly record struct ControlGroupMemory(string Path, long? Limit, long? Usage, long? Available);

/// <summary>Reads control groups: version 2, version 1, and the hybrid where memory is still version 1's. Thread-safe.</summary>
/// <param name="root">The directory that /proc and /sys lie in.</param>
public sealed class ControlGroups(string root = "/")
{
    // Version 1 writes "no limit" as the largest multiple of the page size, which depends on the page size.
    const long NoLimit = 0x7FFF_FFFF_0000_0000;

    /// <summary>The path of a process's group, of the hierarchy that has the memory controller.</summary>
    /// <param name="processId">The process; null for this one.</param>
    /// <returns>Null where the kernel has no control groups.</returns>
    /// <exception cref="IOException">The process has ended, or /proc cannot be read.</exception>
    public string? FindPath(int? processId = null) => Find(processId)?.Path;

    /// <summary>Reads limits and usage now. Groups that are not visible here (a container without a cgroup namespace) are passed over.</summary>
    /// <param name="processId">The process; null for this one.</param>
    /// <returns>Null where the kernel has no control groups.</returns>
    /// <exception cref="IOException">The process has ended, or /proc cannot be read.</exception>
    public ControlGroupMemory? ReadMemory(int? processId = null)
    {
        if (Find(processId) is not { } group) return null;
        var result = new ControlGroupMemory(group.Path, null, null, null);
        for (var path = group.Path.TrimEnd('/'); ; path = path[..path.LastIndexOf('/')])
        {
            var directory = System.IO.Path.Join(group.Mount, path);
            if (ReadNumber(directory, group.LimitFile) is { } limit and < NoLimit && ReadNumber(directory, group.UsageFile) is { } usage)
            {
                if (result.Limit is null || limit < result.Limit) result = result with { Limit = limit, Usage = usage };
                var left = Math.Max(0, limit - usage);
                result = result with { Available = Math.Min(left, result.Available ?? left) };
            }

            if (path.Length == 0) return result;
        }
    }

    Group? Find(int? processId)
    {
        var file = System.IO.Path.Join(root, "proc", processId?.ToString(CultureInfo.InvariantCulture) ?? "self", "cgroup");
        if (!File.Exists(file) && Directory.Exists(System.IO.Path.GetDirectoryName(file))) return null;
        Group? unified = null;
        foreach (var line in File.ReadLines(file))
        {
            // hierarchy:controllers:path, where the path may hold colons
            var fields = line.Split(':', 3);
            if (fields.Length < 3) continue;
            if (fields[1].Split(',').Contains("memory"))
                return new Group(Mount("memory"), Inside(fields[2]), "memory.limit_in_bytes", "memory.usage_in_bytes");
            if (fields[0] == "0" && fields[1].Length == 0)
                unified = new Group(UnifiedMount(), Inside(fields[2]), "memory.max", "memory.current");
        }

        return unified;
    }

    // A process outside our cgroup namespace shows as "/../x": what lies above our root cannot be read.
    static string Inside(string path) => path.Split('/').Contains("..") || !path.StartsWith('/') ? "/" : path;

    string UnifiedMount() => File.Exists(System.IO.Path.Join(Mount(""), "cgroup.controllers")) ? Mount("") : Mount("unified");

    string Mount(string name) => System.IO.Path.Join(root, "sys/fs/cgroup", name);

    // "max" is no number, and the top group has no such file: both mean no limit.
    static long? ReadNumber(string directory, string name)
    {
        try
        {
            var text = File.ReadAllText(System.IO.Path.Join(directory, name));
            return long.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) ? number : null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    readonly record struct Group(string Mount, string Path, string LimitFile, string UsageFile);
}
