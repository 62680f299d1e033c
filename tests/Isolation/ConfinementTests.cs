using System.Globalization;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Linux;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>What a worker has and has not, by the kernel's word.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ConfinementTests
{
    private const string System = """ "system": { "plugin": "SystemHeap", "isolation": "process" } """;

    [Fact]
    public void A_worker_has_no_capability_and_no_way_to_get_one_in_any_of_its_threads()
    {
        using var heaps = new IsolatedHeaps(System);
        heaps.Allocate("system").Dispose();
        var worker = heaps.Worker("system");
        foreach (var thread in Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/task")))
        {
            var status = File.ReadAllLines(Path.Combine(thread, "status"));
            Assert.Contains("NoNewPrivs:\t1", status);
            foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapAmb" }) Assert.Contains($"{set}:\t0000000000000000", status);
            if (ProcessIdentity.EffectiveUserId == 0) Assert.Contains("CapBnd:\t0000000000000000", status);
        }
    }

    [Fact]
    public void The_host_keeps_its_own_privileges_when_it_starts_a_worker()
    {
        var before = OwnStatus();
        using var heaps = new IsolatedHeaps(System);
        heaps.Worker("system");
        Assert.Equal(before, OwnStatus());

        static string[] OwnStatus() => [.. File.ReadAllLines("/proc/self/status").Where(line => line.StartsWith("Cap", StringComparison.Ordinal) || line.StartsWith("NoNewPrivs", StringComparison.Ordinal))];
    }

    [Fact]
    public void A_worker_is_limited_and_leaves_no_core_file()
    {
        using var heaps = new IsolatedHeaps(System);
        var worker = heaps.Worker("system");
        Assert.Equal(Errno.None, ResourceLimits.TryGet(worker, LimitedResource.CoreSize, out var core));
        Assert.Equal(Errno.None, ResourceLimits.TryGet(worker, LimitedResource.OpenFiles, out var files));
        Assert.Equal((0ul, 0ul), (core.Soft, core.Hard));
        Assert.Equal((1024ul, 1024ul), (files.Soft, files.Hard));
    }

    [Fact]
    public void A_worker_has_none_of_the_hosts_files_open_even_those_that_exec_lets_through()
    {
        // The host's own, which exec would let through: a control that the worker's list is of any worth.
        using var leaking = File.OpenHandle("/etc/hostname");
        DescriptorFlags.SetCloseOnExec(leaking, closeOnExec: false);
        using var heaps = new IsolatedHeaps(System);
        using var buffer = heaps.Allocate("system");
        var worker = heaps.Worker("system");
        var links = Directory.GetFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/fd")).Select(file => new FileInfo(file).LinkTarget ?? "").ToArray();
        Assert.DoesNotContain("/etc/hostname", links);
        Assert.DoesNotContain(links, link => link.StartsWith("/memfd:system", StringComparison.Ordinal)); // the buffer
        Assert.Contains(Directory.GetFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget), link => link == "/etc/hostname");
        // The control socket, that for requests, and one for each call that was under way at a time; the runtime's own are pairs without a name as well.
        Assert.InRange(links.Count(link => link.StartsWith("socket:", StringComparison.Ordinal)), 3, 8);
        Assert.InRange(links.Length, 4, 80);
    }

    // Each takes the time that a .NET process needs to start.
    private const int Deaths = 30;

    [Fact]
    public void Dead_workers_leave_no_descriptor_thread_or_process_in_the_host()
    {
        var plugin = new IsolatedPlugin(Builds.Plugin("DeadlyPlugin"), "DeadlyPlugin", "DeadlyHeap", null, TimeSpan.FromSeconds(10), HasFixedRegion: false);
        var context = new FakeHeapContext { OtherTime = TimeProvider.System };
        Round();
        var (descriptors, threads) = (Descriptors.Count(), Threads());
        for (var i = 0; i < Deaths; i++) Round();
        Eventually.True(() => Descriptors.Count() <= descriptors + 2 && Threads() <= threads + 4, $"{Descriptors.Count()} descriptors and {Threads()} threads, and it was {descriptors} and {threads}");

        void Round()
        {
            using var over = new ManualResetEventSlim();
            var session = new WorkerSession(plugin, context, _ => over.Set());
            IsolatedHeaps.Kill(session.ProcessId);
            Assert.True(over.Wait(TimeSpan.FromSeconds(20)));
            Assert.False(Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{session.ProcessId}")));
        }

        static int Threads() => Directory.GetDirectories("/proc/self/task").Length;
    }
}
