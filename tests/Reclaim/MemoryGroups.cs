using System.Globalization;

namespace DmaHeap.Tests.Reclaim;

/// <summary>Memory control groups of a test's own, one with a limit and those below it, of version 1 or 2. They lie below the test's own group where that is allowed, and are removed at the end.</summary>
internal sealed class MemoryGroups : IDisposable
{
    private readonly string _parent;
    private readonly bool _isUnified;
    private readonly List<string> _children = [];

    private MemoryGroups(string parent, bool isUnified) => (_parent, _isUnified) = (parent, isUnified);

    /// <summary>Makes the group with the limit; skips the test where that cannot be done.</summary>
    public static MemoryGroups CreateOrSkip(long limit)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"dmaheap-test-{Environment.ProcessId}-{Guid.NewGuid():N}");
        MemoryGroups? groups = null;
        try
        {
            var (above, isUnified) = Above();
            groups = new MemoryGroups(Path.Join(above, name), isUnified);
            Directory.CreateDirectory(groups._parent);
            if (isUnified) File.WriteAllText(Path.Join(groups._parent, "cgroup.subtree_control"), "+memory");
            groups.Write(groups._parent, isUnified ? "memory.max" : "memory.limit_in_bytes", limit);
            groups.WriteIfThere(groups._parent, isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes", isUnified ? 0 : limit);
            return groups;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            groups?.Dispose();
            Assert.Skip($"no memory control group can be made here: {exception.Message}");
            throw;
        }
    }

    /// <summary>A group below the one with the limit, without one of its own.</summary>
    public string Add(string name)
    {
        var child = Path.Join(_parent, name);
        Directory.CreateDirectory(child);
        _children.Add(child);
        return child;
    }

    /// <summary>A command that joins a group and becomes the program named after it: what that takes is the group's from the first page.</summary>
    public static string[] Joining(string group) => ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", group];

    /// <summary>How many processes of a group were killed for want of memory.</summary>
    public long KillsIn(string group)
    {
        var line = File.ReadLines(Path.Join(group, _isUnified ? "memory.events" : "memory.oom_control")).Single(each => each.StartsWith("oom_kill ", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("oom_kill ".Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Bytes the group and those below it use.</summary>
    public long Usage => long.Parse(File.ReadAllText(Path.Join(_parent, _isUnified ? "memory.current" : "memory.usage_in_bytes")), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    public void Dispose()
    {
        // A group goes when its last process has: a killed one may take a moment.
        foreach (var group in _children.Append(_parent)) SpinWait.SpinUntil(() => TryRemove(group), TimeSpan.FromSeconds(10));
    }

    // Below our own group of version 1; of version 2 a group has processes or groups below it, so beside the others at the top.
    private static (string Directory, bool IsUnified) Above()
    {
        const string Mount = "/sys/fs/cgroup";
        if (File.ReadLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).FirstOrDefault(fields => fields[1].Split(',').Contains("memory")) is { } old)
        {
            var own = Path.Join(Mount, "memory", old[2]);
            return (Directory.Exists(own) ? own : Path.Join(Mount, "memory"), false);
        }

        return (Mount, true);
    }

    private static bool TryRemove(string group)
    {
        try
        {
            if (Directory.Exists(group)) Directory.Delete(group);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Write(string group, string file, long value) => File.WriteAllText(Path.Join(group, file), value.ToString(CultureInfo.InvariantCulture));

    private void WriteIfThere(string group, string file, long value)
    {
        if (File.Exists(Path.Join(group, file))) Write(group, file, value);
    }
}
