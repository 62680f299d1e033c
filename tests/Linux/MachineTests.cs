using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

public sealed class MachineTests
{
    const string Unified = "sys/fs/cgroup/";

    [Fact]
    public void This_machines_memory_is_plausible()
    {
        var memory = MachineMemory.Read();
        Assert.InRange(memory.Available, 1 << 20, memory.Total);
        Assert.InRange(memory.Total, 1 << 26, 1L << 50);
        Assert.True(new ControlGroups().ReadMemory() is null or { Limit: null } or { Usage: > 0 });
        Assert.InRange(InotifyLimits.Read().MaxQueuedEvents, 1, int.MaxValue);
    }

    [Fact]
    public void Meminfo_is_in_bytes_and_a_missing_field_is_told()
    {
        using var root = new TemporaryDirectory();
        root.Write("proc/meminfo", "MemTotal:       24684084 kB\nMemFree: 1 kB\nMemAvailable:   24411436 kB\n");
        Assert.Equal(new MachineMemory(24684084L * 1024, 24411436L * 1024), MachineMemory.Read(root.Path));
        root.Write("proc/meminfo", "MemTotal: 1 kB\n");
        Assert.Throws<InvalidDataException>(() => MachineMemory.Read(root.Path));
    }

    [Fact]
    public void Version_2_finds_the_smallest_limit_above_and_the_least_that_is_left()
    {
        using var root = new TemporaryDirectory();
        root.Write("proc/self/cgroup", "0::/a.slice/b:c/d\n");
        root.Write(Unified + "cgroup.controllers", "memory\n");
        root.Write(Unified + "a.slice/memory.max", "1000\n");
        root.Write(Unified + "a.slice/memory.current", "990\n");
        root.Write(Unified + "a.slice/b:c/memory.max", "500\n");
        root.Write(Unified + "a.slice/b:c/memory.current", "100\n");
        root.Write(Unified + "a.slice/b:c/d/memory.max", "max\n");
        root.Write(Unified + "a.slice/b:c/d/memory.current", "50\n");
        Assert.Equal(new ControlGroupMemory("/a.slice/b:c/d", 500, 100, 10), new ControlGroups(root.Path).ReadMemory());
    }

    [Fact]
    public void Page_cache_that_the_kernel_drops_first_counts_as_left_where_little_is()
    {
        using var root = new TemporaryDirectory();
        root.Write("proc/self/cgroup", "0::/a/b\n");
        root.Write(Unified + "cgroup.controllers", "memory\n");
        root.Write(Unified + "a/memory.max", "1000\n");
        root.Write(Unified + "a/memory.current", "990\n");
        root.Write(Unified + "a/memory.stat", "anon 500\ninactive_file 300\nactive_file 70\n");
        root.Write(Unified + "a/b/memory.max", "800\n");
        root.Write(Unified + "a/b/memory.current", "500\n");
        root.Write(Unified + "a/b/memory.stat", "inactive_file 300\n");
        root.Write(Unified + "a/b/memory.high", "600\n");
        var groups = new ControlGroups(root.Path);
        Assert.Equal(new ControlGroupMemory("/a/b", 800, 500, 300), groups.ReadMemory());
        Assert.Equal([new ControlGroupRoom("/a/b", 600, 500, 400), new ControlGroupRoom("/a", 1000, 990, 310)], groups.ReadRooms());

        root.Write("proc/self/cgroup", "4:memory:/g\n0::/a\n");
        root.Write(Unified + "memory/g/memory.limit_in_bytes", "100\n");
        root.Write(Unified + "memory/g/memory.usage_in_bytes", "99\n");
        root.Write(Unified + "memory/g/memory.stat", "inactive_file 5\ntotal_inactive_file 50\n");
        Assert.Equal([new ControlGroupRoom("/g", 100, 99, 51)], groups.ReadRooms());
        Assert.Null(groups.FindPressureFile());
        root.Write(Unified + "a/memory.pressure", "");
        Assert.Equal(root[Unified + "a/memory.pressure"], groups.FindPressureFile());
    }

    [Fact]
    public void Version_1_takes_its_largest_number_for_no_limit()
    {
        using var root = new TemporaryDirectory();
        root.Write("proc/77/cgroup", "5:devices:/x\n4:cpu,memory:/docker/1\n1:name=systemd:/\n");
        root.Write(Unified + "memory/memory.limit_in_bytes", "9223372036854771712\n");
        root.Write(Unified + "memory/memory.usage_in_bytes", "7\n");
        var groups = new ControlGroups(root.Path);
        Assert.Equal(new ControlGroupMemory("/docker/1", null, null, null), groups.ReadMemory(77));
        // The container's view: the group itself is mounted as the root, its path is not visible.
        root.Write(Unified + "memory/memory.limit_in_bytes", "4096\n");
        Assert.Equal(new ControlGroupMemory("/docker/1", 4096, 7, 4089), groups.ReadMemory(77));
    }

    [Fact]
    public void The_hybrid_reads_memory_from_version_1_and_without_it_the_unified_mount()
    {
        using var root = new TemporaryDirectory();
        root.Write(Unified + "memory/g/memory.limit_in_bytes", "100\n");
        root.Write(Unified + "memory/g/memory.usage_in_bytes", "1\n");
        root.Write(Unified + "unified/u/memory.max", "200\n");
        root.Write(Unified + "unified/u/memory.current", "250\n");
        var groups = new ControlGroups(root.Path);
        root.Write("proc/self/cgroup", "4:memory:/g\n0::/u\n");
        Assert.Equal(new ControlGroupMemory("/g", 100, 1, 99), groups.ReadMemory());
        root.Write("proc/self/cgroup", "4:cpu:/g\n0::/u\n");
        Assert.Equal(new ControlGroupMemory("/u", 200, 250, 0), groups.ReadMemory());
    }

    [Fact]
    public void A_path_that_leads_out_of_our_namespace_is_nobodys_and_is_read_as_the_root()
    {
        using var root = new TemporaryDirectory();
        root.Write(Unified + "cgroup.controllers", "");
        root.Write("proc/self/cgroup", "0::/../../etc\n");
        root.Write("sys/fs/cgroup/memory.max", "100\n");
        root.Write("sys/fs/cgroup/memory.current", "1\n");
        Assert.Null(new ControlGroups(root.Path).FindPath()); // two that lie outside must not be taken for one
        Assert.Equal(100, new ControlGroups(root.Path).ReadMemory()!.Value.Limit);
        root.Write("proc/self/cgroup", "");
        Assert.Null(new ControlGroups(root.Path).ReadMemory());
    }

    [Fact]
    public void A_pressure_trigger_is_set_where_the_kernel_lets_us_and_refused_by_its_errno_elsewhere()
    {
        using var root = new TemporaryDirectory();
        Assert.Equal(Errno.ENOENT, PressureTrigger.TrySet(root["nowhere"], TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2), out _));

        var errno = PressureTrigger.TrySet(PressureTrigger.OfTheMachine, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2), out var trigger);
        Assert.SkipWhen(errno is Errno.ENOENT or Errno.EOPNOTSUPP or Errno.EACCES or Errno.EPERM, $"this kernel gives us no pressure trigger: {errno}");
        using (trigger)
        using (var poll = new EventPoll())
        {
            Assert.Equal(Errno.None, errno);
            Assert.Equal(Errno.None, poll.TryAdd(trigger, ReadyEvents.Urgent, 1));
            var some = File.ReadLines(PressureTrigger.OfTheMachine).First();
            var before = TimeSpan.FromMicroseconds(long.Parse(some[(some.IndexOf("total=", StringComparison.Ordinal) + "total=".Length)..]));
            Assert.InRange(PressureTrigger.ReadTotal(trigger)!.Value, before, before + TimeSpan.FromSeconds(60));
        }

        using var nothing = File.OpenHandle("/dev/null");
        Assert.Null(PressureTrigger.ReadTotal(nothing));

        // The control: a window that nobody may have.
        Assert.Equal(Errno.EINVAL, PressureTrigger.TrySet(PressureTrigger.OfTheMachine, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20), out _));
    }

    [Fact]
    public void A_huge_page_pool_is_read_and_one_there_is_not_is_null()
    {
        using var root = new TemporaryDirectory();
        foreach (var (name, value) in new[] { ("nr_hugepages", 8), ("free_hugepages", 3), ("surplus_hugepages", 1) })
            root.Write($"sys/kernel/mm/hugepages/hugepages-2048kB/{name}", $"{value}\n");
        Assert.Equal(new DmaHeap.Linux.HugePagePool(8, 3, 1), DmaHeap.Linux.HugePagePool.Read(2 << 20, root.Path));
        Assert.Null(DmaHeap.Linux.HugePagePool.Read(1 << 30, root.Path));
    }

    [Theory]
    [InlineData("always within_size advise [never] deny force", null, false)]
    [InlineData("always within_size [advise] never deny force", null, true)]
    [InlineData("always [within_size] advise never deny force", null, true)]
    [InlineData("[always] within_size advise never deny force", "always [inherit] within_size advise never", true)]
    [InlineData("always within_size advise never deny [force]", "always [inherit] within_size advise never", true)]
    [InlineData("always within_size advise [never] deny force", "always [inherit] within_size advise never", false)]
    [InlineData("always within_size advise [never] deny force", "always inherit within_size [advise] never", true)]
    [InlineData("[always] within_size advise never deny force", "always inherit within_size advise [never]", false)]
    [InlineData("always within_size advise never [deny] force", "[always] inherit within_size advise never", false)]
    public void Huge_pages_come_at_the_first_touch_by_the_policy_of_their_size_unless_all_are_denied(string all, string? ofSize, bool expected)
    {
        using var root = new TemporaryDirectory();
        Assert.False(TransparentHugePages.AreForSharedMemory(root.Path));
        root.Write("sys/kernel/mm/transparent_hugepage/shmem_enabled", all + "\n");
        if (ofSize is not null) root.Write("sys/kernel/mm/transparent_hugepage/hugepages-2048kB/shmem_enabled", ofSize + "\n");
        Assert.Equal(expected, TransparentHugePages.AreForSharedMemory(root.Path));
    }
}
