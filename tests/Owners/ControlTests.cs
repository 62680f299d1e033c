using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Owners;

/// <summary>Hosts that are wrong on purpose: the stress that finds nothing wrong with ours finds them out within seconds.</summary>
public sealed class ControlTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(20); // a run ends with its twentieth violation

    [Fact]
    public async Task Memory_that_shows_what_another_owner_wrote_is_found_when_it_is_received()
    {
        var run = await RunAsync(new HeapDefinition { Name = "leaky", Create = context => new LeakyHeap(context), Access = new AccessRule(0b110_110_110, 0, 0) });

        Assert.False(run.Passed);
        Assert.Contains(run.Violations, line => line.Contains("heap leaky: when received, at offset 0: ", StringComparison.Ordinal) && line.Contains("bytes of a5", StringComparison.Ordinal));
    }

    private static async Task<OwnersRun> RunAsync(HeapDefinition heap)
    {
        using var directory = new TemporaryDirectory();
        var socket = directory["socket"];
        using var host = DmaHeapHost.Start(new DmaHeapHostOptions { Heaps = [heap], SocketPath = socket }, NullLoggerFactory.Instance);
        return await OwnersRun.RunAsync((program, arguments) => RunningProgram.Start(program, arguments), socket, seed: 1, s_time, [heap.Name]);
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
