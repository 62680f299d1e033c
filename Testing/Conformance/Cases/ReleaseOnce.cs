using DmaHeap.Client;

namespace DmaHeap.Testing.Conformance;

/// <summary>A buffer is released when its last reference goes, of whatever kind that is: not before, and once.</summary>
internal sealed class ReleaseOnce : ConformanceCase
{
    public override string Name => "release-once";

    public override string Checks => "A buffer whose last reference is a second descriptor, one in flight in a socket, or a mapping is released when that goes: not before, once, without an exception.";

    public override string Failure => "Memory leaks, or is taken from under a client: the heap must keep no descriptor of a buffer, and take it back in Release without failing.";

    internal override void Check(CaseRun run)
    {
        SecondDescriptor(run);
        DescriptorInFlight(run, "in flight, received", received: true);
        DescriptorInFlight(run, "in flight, never received", received: false);
        if (run.Promises(HeapCapabilities.CpuMappable)) MappingAlone(run);
    }

    private static void SecondDescriptor(CaseRun run)
    {
        const string Name = "second descriptor";
        using var sockets = new LocalSocketPair();
        using var buffer = run.Allocate(run.Heap.SmallLength, Name);
        buffer.Share(sockets.Near);
        using var second = DmaBuffer.Receive(sockets.Far);
        buffer.Dispose();
        ExpectAlive(run, Name);
        second.Dispose();
        ExpectReleased(run, Name);
    }

    private static void DescriptorInFlight(CaseRun run, string name, bool received)
    {
        using var sockets = new LocalSocketPair();
        using var buffer = run.Allocate(run.Heap.SmallLength, name);
        buffer.Share(sockets.Near);
        buffer.Dispose();
        ExpectAlive(run, name);
        if (received) DmaBuffer.Receive(sockets.Far).Dispose();
        else sockets.Dispose();
        ExpectReleased(run, name);
    }

    private static void MappingAlone(CaseRun run)
    {
        const string Name = "mapping";
        using var buffer = run.Allocate(run.Heap.SmallLength, Name);
        using var mapping = CaseRun.Map(buffer);
        buffer.Dispose();
        ExpectAlive(run, Name);
        mapping.Span[0] = 1;
        mapping.Dispose();
        ExpectReleased(run, Name);
    }

    private static void ExpectAlive(CaseRun run, string name)
    {
        run.AwaitEarlierReleases();
        if (run.Recorder.Find(name).Releases.Count > 0) throw new CaseFailure($"a buffer was released before its last reference went ({name})");
    }

    private static void ExpectReleased(CaseRun run, string name)
    {
        run.AwaitReleases(name);
        run.AwaitEarlierReleases();
        var releases = run.Recorder.Find(name).Releases;
        if (releases.Count != 1) throw new CaseFailure($"a buffer was released {releases.Count} times ({name})");
        if (releases[0].Failure is { } failure) throw new CaseFailure($"Release threw {failure.GetType().Name}: {failure.Message}", failure);
        if (releases[0].Reason != ReleaseReason.LastReferenceGone) throw new CaseFailure($"a buffer whose last reference went was released for {releases[0].Reason} ({name})");
    }
}
