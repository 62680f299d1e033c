using DmaHeap.Hosting.Reclaim;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Reclaim;

/// <summary>
/// A host that keeps memory, and a neighbour that grows, in two control groups under a third with a limit that is too small for both. What the host keeps it gives back before the kernel
/// kills anybody. Nothing runs beside them: programs wait for memory here, on purpose, and other hosts would hear of it.
/// </summary>
[Collection(ExclusiveCollection.Name)]
public sealed class NeighbourTests
{
    private const long MiB = 1 << 20, Limit = 448 * MiB;
    private const int KeptMiB = 192, GrowthMiB = 256;

    private const string Hoard = """ "kept": { "plugin": "FakeHeap", "options": { "hoard": "192MiB" } } """;
    private const string Pool = """ "kept": { "plugin": "SystemHeap", "pool": { "min": "192MiB", "max": "192MiB", "sizes": ["1MiB"] } } """;

    [Theory]
    [InlineData(Hoard, "heap kept")]
    [InlineData(Pool, "pool of kept")]
    public async Task A_host_gives_back_what_it_keeps_when_a_neighbour_grows_under_a_limit_that_is_for_both(string heap, string source)
    {
        using var scene = await Scene.SetAsync(heap, KeptMiB);

        Assert.Equal(0, (await scene.GrowAsync()).ExitCode);

        Assert.Equal((0, 0), scene.Kills);
        var reclaim = (await scene.Sandbox.AskAsync("status"))["reclaim"]!;
        Assert.InRange((long)reclaim["given"]![source]!, 32 * MiB, KeptMiB * MiB);
        // The kernel's word that programs wait for memory may come before the look at what the limit leaves.
        Assert.Matches($"Gave back .* wanted \\((Limit|Pressure)\\): {source}", await scene.EndHostAsync());
    }

    [Theory]
    [InlineData(Hoard)]
    [InlineData(Pool)]
    public async Task The_control_a_host_that_gives_nothing_gets_somebody_killed(string heap)
    {
        using var scene = await Scene.SetAsync(heap, KeptMiB);
        scene.Host.Signal(CliSandbox.SigStop);

        var neighbour = await scene.GrowAsync();

        Assert.NotEqual((0, 0), scene.Kills);
        Assert.True(neighbour.ExitCode == RunningProgram.KilledBySigkill || !scene.Host.IsRunning, "both live");
    }

    [Fact]
    public async Task An_allocation_that_the_control_group_has_no_room_for_gets_it_from_what_a_heap_keeps()
    {
        const int Kept = 224;
        using var scene = await Scene.SetAsync(""" "kept": { "plugin": "FakeHeap", "options": { "hoard": "224MiB" } }, "eager": { "plugin": "SystemHeap", "commit": "committed" } """, Kept);

        // More than there is room for beside the hoard and the runtime, and less than without the hoard.
        await scene.Sandbox.AskAsync("alloc", "eager", "216MiB");

        Assert.Equal((0, 0), scene.Kills);
        Assert.InRange((long)(await scene.Sandbox.AskAsync("status"))["reclaim"]!["given"]!["heap kept"]!, MiB, Kept * MiB);
        Assert.Matches(@"Gave back .* wanted \(Allocation\): heap kept", await scene.EndHostAsync());
    }

    [Fact]
    public async Task A_host_gives_some_back_when_the_kernel_tells_that_programs_wait_for_memory()
    {
        using var hoards = Hoards.Watchful("a");
        hoards["a"].Hoard = 1 << 30;
        Assert.SkipWhen(hoards.Host.Log.Any(line => line.StartsWith("416: Nobody tells", StringComparison.Ordinal)), "this kernel does not let us have pressure told");
        Assert.Empty(hoards.Asked);

        using var thrashing = new ThrashingProgram();
        await Eventually.Is(() => hoards.Reclaimer.Totals.Last is { Reason: ReclaimReason.Pressure, Given: > 0 });
    }

    private sealed class Scene : IDisposable
    {
        private readonly string _program = CCompiler.Compile("growing_neighbour");
        private readonly MemoryGroups _groups = MemoryGroups.CreateOrSkip(Limit);
        private readonly string _hosts, _neighbours;

        private Scene() => (_hosts, _neighbours) = (_groups.Add("host"), _groups.Add("neighbour"));

        public CliSandbox Sandbox { get; } = new();

        public RunningProgram Host { get; private set; } = null!;

        /// <summary>Processes killed for want of memory.</summary>
        public (long Host, long Neighbour) Kills => (_groups.KillsIn(_hosts), _groups.KillsIn(_neighbours));

        public static async Task<Scene> SetAsync(string heaps, int keptMiB)
        {
            var scene = new Scene();
            try
            {
                scene.Sandbox.WriteConfiguration(heaps);
                scene.Host = await scene.Sandbox.ServeAsync(MemoryGroups.Joining(scene._hosts));
                const long Runtime = 16 * MiB; // at least: what is kept is there, or nearly, when there is more
                await Eventually.Is(() => scene._groups.Usage > keptMiB * MiB + Runtime);
                return scene;
            }
            catch
            {
                scene.Dispose();
                throw;
            }
        }

        /// <summary>Has the neighbour grow until it has all it wants, or is killed.</summary>
        public async Task<Ended> GrowAsync()
        {
            string[] command = [.. MemoryGroups.Joining(_neighbours), _program, $"{GrowthMiB}", "4000"];
            return await RunningProgram.RunAsync(command[0], command[1..]);
        }

        /// <summary>Stops the host, and reads its log.</summary>
        public async Task<string> EndHostAsync()
        {
            Host.Signal(CliSandbox.SigTerm);
            return (await Host.EndAsync()).Error;
        }

        public void Dispose()
        {
            Host?.Dispose();
            Sandbox.Dispose();
            _groups.Dispose();
        }
    }
}
