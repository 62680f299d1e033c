using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>What the memory controller says of a process's control group and those above it.</summary>
/// <param name="Path">The group's path as <c>/proc/PID/cgroup</c> names it.</param>
/// <param name="Limit">The smallest limit among the group and its ancestors, in bytes; null where none has one.</param>
/// <param name="Usage">What the group with that limit uses, in bytes; null without a limit.</param>
/// <param name="Available">The least that any group with a limit has left, in bytes, idle page cache counted as left; null without a limit. An ancestor with a larger limit
/// may have less left, for it also pays for its other children.</param>
public readonly record struct ControlGroupMemory(string Path, long? Limit, long? Usage, long? Available);

/// <summary>What one group with a limit has.</summary>
/// <param name="Path">The group's path below the mount.</param>
/// <param name="Limit">Bytes.</param>
/// <param name="Usage">Bytes in use, page cache included.</param>
/// <param name="Left">Bytes that can be taken: what is not in use, and of the page cache what the kernel drops first.</param>
public readonly record struct ControlGroupRoom(string Path, long Limit, long Usage, long Left);

/// <summary>Reads control groups: version 2, version 1, and the hybrid where memory is still version 1's. Thread-safe.</summary>
/// <param name="root">The directory that /proc and /sys lie in.</param>
public sealed class ControlGroups(string root = "/")
{
    // Version 1 writes "no limit" as the largest multiple of the page size, which depends on the page size.
    const long NoLimit = 0x7FFF_FFFF_0000_0000;

    /// <summary>The path of a process's group, of the hierarchy that has the memory controller.</summary>
    /// <param name="processId">The process; null for this one.</param>
    /// <returns>Null where the kernel has no control groups, and where the group lies outside our cgroup namespace, in which it has no path.</returns>
    /// <exception cref="IOException">The process has ended, or /proc cannot be read.</exception>
    public string? FindPath(int? processId = null) => Find(processId) is { IsVisible: true } group ? group.Path : null;

    /// <summary>Reads limits and usage now. Groups that are not visible here (a container without a cgroup namespace) are passed over.</summary>
    /// <param name="processId">The process; null for this one.</param>
    /// <returns>Null where the kernel has no control groups.</returns>
    /// <exception cref="IOException">The process has ended, or /proc cannot be read.</exception>
    public ControlGroupMemory? ReadMemory(int? processId = null)
    {
        if (Find(processId) is not { } group) return null;
        var result = new ControlGroupMemory(group.Path, null, null, null);
        foreach (var room in Rooms(group, withThrottle: false))
        {
            if (result.Limit is null || room.Limit < result.Limit) result = result with { Limit = room.Limit, Usage = room.Usage };
            result = result with { Available = Math.Min(room.Left, result.Available ?? room.Left) };
        }

        return result;
    }

    /// <summary>
    /// What each group with a limit has left, the process's own first, then those above it. Where a group is slowed down before its limit (<c>memory.high</c>), that counts as the limit.
    /// </summary>
    /// <param name="processId">The process; null for this one.</param>
    /// <exception cref="IOException">The process has ended, or /proc cannot be read.</exception>
    public IReadOnlyList<ControlGroupRoom> ReadRooms(int? processId = null) => Find(processId) is { } group ? [.. Rooms(group, withThrottle: true)] : [];

    /// <summary>The file that tells, and can be had to wake, when the process's group waits for memory.</summary>
    /// <returns>Null where there is no such group, or none with pressure accounting.</returns>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    public string? FindPressureFile()
    {
        var file = FindUnified() is { } path ? System.IO.Path.Join(UnifiedMount(), path, "memory.pressure") : null;
        return File.Exists(file) ? file : null;
    }

    static IEnumerable<ControlGroupRoom> Rooms(Group group, bool withThrottle)
    {
        for (var path = group.Path.TrimEnd('/'); ; path = path[..path.LastIndexOf('/')])
        {
            var directory = System.IO.Path.Join(group.Mount, path);
            var limit = ReadNumber(directory, group.LimitFile) ?? NoLimit;
            if (withThrottle && group.ThrottleFile is { } throttle) limit = Math.Min(limit, ReadNumber(directory, throttle) ?? NoLimit);
            if (limit < NoLimit && ReadNumber(directory, group.UsageFile) is { } usage) yield return new ControlGroupRoom(path.Length == 0 ? "/" : path, limit, usage, Left(directory, limit, usage));
            if (path.Length == 0) yield break;
        }
    }

    // What the kernel drops before it runs out is no use: a group that reads files is full of it. It is a long file to read, and matters only where little is left.
    static long Left(string directory, long limit, long usage)
    {
        var left = Math.Max(0, limit - usage);
        return left > limit / 4 ? left : Math.Min(limit, left + IdleCache(directory));
    }

    static long IdleCache(string directory)
    {
        long? cache = null;
        foreach (var line in ReadLines(directory, "memory.stat"))
        {
            // Of version 1 the one with "total" has the groups below in it; of version 2 there is one, and it has.
            if (line.StartsWith("total_inactive_file ", StringComparison.Ordinal) || (cache is null && line.StartsWith("inactive_file ", StringComparison.Ordinal)))
                cache = long.Parse(line.AsSpan(line.IndexOf(' ') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return cache ?? 0;
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
                return new Group(Mount("memory"), Inside(fields[2]), IsInside(fields[2]), "memory.limit_in_bytes", "memory.usage_in_bytes", null);
            if (fields[0] == "0" && fields[1].Length == 0)
                unified = new Group(UnifiedMount(), Inside(fields[2]), IsInside(fields[2]), "memory.max", "memory.current", "memory.high");
        }

        return unified;
    }

    string? FindUnified()
    {
        var file = System.IO.Path.Join(root, "proc/self/cgroup");
        return File.Exists(file) && File.ReadLines(file).FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal)) is { } line ? Inside(line["0::".Length..]) : null;
    }

    // A process outside our cgroup namespace shows as "/../x": what lies above our root cannot be read.
    static string Inside(string path) => IsInside(path) ? path : "/";

    static bool IsInside(string path) => path.StartsWith('/') && !path.Split('/').Contains("..");

    string UnifiedMount() => File.Exists(System.IO.Path.Join(Mount(""), "cgroup.controllers")) ? Mount("") : Mount("unified");

    string Mount(string name) => System.IO.Path.Join(root, "sys/fs/cgroup", name);

    // "max" is no number, and the top group has no such file: both mean no limit.
    static long? ReadNumber(string directory, string name) =>
        ReadLines(directory, name) is [var text, ..] && long.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) ? number : null;

    static string[] ReadLines(string directory, string name)
    {
        try
        {
            return File.ReadAllLines(System.IO.Path.Join(directory, name));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    readonly record struct Group(string Mount, string Path, bool IsVisible, string LimitFile, string UsageFile, string? ThrottleFile);
}
