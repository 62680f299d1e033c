using DmaHeap.Hosting.Allocation;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>A client killed by SIGKILL while its allocation stands at a named step: nothing of it stays, and the heap gets each buffer back once.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ClientDeathTests
{
    private const int Asked = 3;

    [Theory]
    [InlineData(nameof(AllocationStep.Requested))]
    [InlineData(nameof(AllocationStep.Admitted))]
    [InlineData(nameof(AllocationStep.Allocated))]
    [InlineData(nameof(AllocationStep.Watched))]
    [InlineData(nameof(AllocationStep.Opened))]
    [InlineData(nameof(AllocationStep.Exported))]
    [InlineData(nameof(AllocationStep.Replied))]
    public void A_client_killed_at_a_step_leaves_nothing_behind(string name)
    {
        var step = Enum.Parse<AllocationStep>(name);
        using var host = new TestHost();
        using (var witness = host.Connect()) witness.Allocate().Dispose();
        host.AssertNothingIsHeld();
        Eventually.True(() => host.Host.Connections == 0, "the witness is still there");
        var (files, sockets, reached) = (Descriptors.Count("/memfd:"), Descriptors.Count("socket:"), host.Probe.Count(step));

        host.Probe.Close(step);
        using var peer = PeerProcess.Start("allocate", host.SocketPath, $"{Asked}");
        Assert.Equal("asked", peer.ReadLine());
        Eventually.True(() => host.Probe.Count(step) > reached, "the step was not reached");
        peer.Kill();
        Eventually.True(() => host.Host.Connections == 0, "the host did not see the client die");
        host.Probe.OpenAll();

        // A heap is not asked once more on behalf of a client that is known to be gone.
        var asked = 1 + (step == AllocationStep.Replied ? Asked : 1);
        Eventually.True(() => host.Heap.Allocated.Count == asked && host.Heap.Released.Count == asked, "a buffer was not given back");
        host.AssertNothingIsHeld();
        Assert.Equal(host.Heap.Released.Count, host.Heap.Released.Select(release => release.Buffer).Distinct().Count());
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "a buffer's file is left");
        Eventually.True(() => Descriptors.Count("socket:") == sockets, "its socket is left");
        using var next = host.Connect();
        next.Allocate().Dispose();
    }
}
