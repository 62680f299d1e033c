using DmaHeap.Heaps;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Owners;

/// <summary>Hosts that are wrong on purpose: the stress that finds nothing wrong with ours finds them out within seconds.</summary>
public sealed class ControlTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(20); // a run ends with its sixth violation

    [Fact]
    public async Task Memory_that_shows_what_another_owner_wrote_is_found_when_it_is_received()
    {
        var run = await RunAsync("leaky", new HeapDefinition { Name = "leaky", Create = context => new LeakyHeap(context) });

        AssertFound(run, "heap leaky: when received, at offset 0: ");
    }

    [Fact]
    public async Task Memory_that_is_used_again_without_being_cleaned_is_found_when_it_is_received()
    {
        var run = await RunAsync("again:recycle", Recycling, hugePages => new NoScrub(hugePages));

        AssertFound(run, "heap again: when received, at offset 0: ");
    }

    [Fact]
    public async Task Memory_that_is_only_overwritten_before_it_is_used_again_is_found_by_whoever_kept_its_pages()
    {
        var run = await RunAsync("again:recycle", Recycling, hugePages => new ScrubThatOverwrites(hugePages));

        AssertFound(run, "heap again: in a spliced pipe, at offset ");
        Assert.DoesNotContain(run.Violations, line => line.Contains("when received", StringComparison.Ordinal));
    }

    private static HeapDefinition Recycling => new() { Name = "again", Create = context => new SystemHeap(context), Recycle = HeapRecycling.Domain };

    private static void AssertFound(OwnersRun run, string what)
    {
        Assert.False(run.Passed, run.Text);
        Assert.Contains(run.Violations, line => line.Contains(what, StringComparison.Ordinal));
    }

    private static async Task<OwnersRun> RunAsync(string argument, HeapDefinition heap, Func<HugePages, PageScrub>? scrub = null)
    {
        using var directory = new TemporaryDirectory();
        var options = new DmaHeapHostOptions { Heaps = [heap], SocketPath = directory["socket"] };
        if (scrub is not null) options = options with { Scrub = scrub };
        using var host = DmaHeapHost.Start(options, NullLoggerFactory.Instance);
        return await OwnersRun.RunAsync((program, arguments) => RunningProgram.Start(program, arguments), options.SocketPath!, seed: 1, s_time, [argument]);
    }

    private sealed class NoScrub(HugePages hugePages) : PageScrub(hugePages)
    {
        public override string? Empty(SafeFileHandle file, PageMemory memory) => null;

        public override bool TryFill(SafeFileHandle file, PageMemory memory) => true;
    }

    /// <summary>The pages stay those that they were: every byte is zero, and whoever spliced them sees what comes after.</summary>
    private sealed class ScrubThatOverwrites(HugePages hugePages) : PageScrub(hugePages)
    {
        public override string? Empty(SafeFileHandle file, PageMemory memory) => null;
    }

    /// <summary>Keeps a descriptor of each buffer, and writes what is in the one before into the next: as memory would be that nobody cleaned.</summary>
    private sealed class LeakyHeap(IHeapContext context) : IHeap
    {
        private readonly Lock _lock = new();
        private SafeFileHandle? _last;

        public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
        {
            var memory = context.Memory.AllocatePages(new PageRequest { Length = request.Length });
            var file = memory.OpenDescriptor();
            lock (_lock)
            {
                var page = new byte[Environment.SystemPageSize];
                if (_last is not null) RandomAccess.Read(_last, page, 0);
                RandomAccess.Write(file, page, 0);
                _last?.Dispose();
                _last = file;
            }

            return new HeapBuffer(memory);
        }

        public void Release(HeapBuffer buffer, ReleaseReason reason)
        {
        }

        public void Dispose() => _last?.Dispose();
    }
}
