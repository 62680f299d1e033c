using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A heap in a worker process serves as one in the host does.</summary>
public sealed class IsolatedHeapTests
{
    private const string System = """ "system": { "plugin": "SystemHeap", "isolation": "process" } """;

    [Fact]
    public void Buffers_are_handed_out_and_taken_back_and_nothing_is_left()
    {
        using var heaps = new IsolatedHeaps(System);
        Assert.NotEqual(Environment.ProcessId, heaps.Worker("system"));
        for (var i = 0; i < 3; i++)
        {
            using var buffer = heaps.Allocate("system");
            Assert.Equal(8192, FileStatus.Of(buffer.Handle).Length);
        }

        heaps.Host.AssertNothingIsHeld("system");
    }
}
