using System.Runtime.CompilerServices;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Client;

/// <summary>The examples of Client/README.md, as they stand there, against a real host.</summary>
public sealed class ReadmeTests : IDisposable
{
    readonly TestHost _host = new(options => options with
    {
        Heaps = [new DmaHeap.Hosting.HeapDefinition { Name = "system", Create = context => new DmaHeap.Heaps.SystemHeap(context) }],
    });

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_buffer_and_a_batch()
    {
        using var client = DmaHeapClient.Connect(_host.SocketPath);
        using var buffer = client.Allocate("system", 8 << 20);
        using var mapping = buffer.Map();
        mapping.Span[0] = 1;

        using var planes = client.AllocateBatch("system", [1920 * 1080, 1920 * 1080 / 2]);
        using var luma = planes[0].Map();
        Assert.Equal([2_076_672L, 1_040_384], planes.Select(plane => plane.Length));
    }

    [Fact]
    public async Task A_pipeline()
    {
        const int frames = 100;
        var stop = CancellationToken.None;
        using var client = DmaHeapClient.Connect(_host.SocketPath);
        using var pool = new BufferPool(client, "system", 3 << 20, new BufferPoolOptions { Capacity = 8, Prewarm = 8, Name = "nv12" });
        for (var number = 0; number < frames; number++)
        {
            using var frame = await pool.AcquireAsync(stop);
            Decode(number, frame.Span);
            await Encode(frame.Buffer.Handle, stop);
        }

        Assert.Equal((0, 8, 0L, 100L), (pool.Statistics.InUse, pool.Statistics.Idle, pool.Statistics.Misses, pool.Statistics.Acquired));
        Assert.Equal(8, _host.Host.Statistics("system").Allocations);

        static void Decode(int number, Span<byte> frame) => frame[..4096].Fill((byte)number);

        static Task Encode(SafeFileHandle frame, CancellationToken stop)
        {
            stop.ThrowIfCancellationRequested();
            Assert.Equal(3 << 20, FileStatus.Of(frame).Length);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public void The_examples_are_this_code()
    {
        var here = File.ReadAllLines(ThisPath()).Select(line => line.Trim().Replace("Connect(_host.SocketPath)", "Connect()", StringComparison.Ordinal)).ToHashSet();
        var examples = Examples().Select(line => line.Trim()).Where(line => line.Length > 0).ToArray();
        Assert.True(examples.Length > 10, "the examples were not found");
        Assert.All(examples, line => Assert.Contains(line, here));
    }

    static IEnumerable<string> Examples()
    {
        var inside = false;
        foreach (var line in File.ReadLines(Repository.File("Client", "README.md")))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inside = line == "```csharp";
            else if (inside) yield return line;
        }
    }

    static string ThisPath([CallerFilePath] string path = "") => path;
}
