using DmaHeap.Hosting.Allocation;

namespace DmaHeap.Testing.Conformance;

/// <summary>A buffer also comes back when its export failed, and when the host stops under its clients.</summary>
internal sealed class ReleaseReasons : ConformanceCase
{
    private static readonly AllocationStep[] s_steps = [AllocationStep.Allocated, AllocationStep.Watched, AllocationStep.Opened, AllocationStep.Exported];

    public override string Name => "release-reasons";

    public override string Checks => "Release takes back, without an exception, a buffer whose export failed at any step and one that a client still holds when the host stops; that client's memory stays intact.";

    public override string Failure => "Release comes with one of three reasons and must accept each: look at ReleaseReason.ExportFailed and HostStopping.";

    internal override void Check(CaseRun run)
    {
        foreach (var step in s_steps) FailedExport(run, step);
        HostStopping(run);
    }

    private static void FailedExport(CaseRun run, AllocationStep step)
    {
        // Its name sets it apart from the buffers whose releases are waited for.
        var name = $"fails once {step}";
        run.Probe.FailAt(step);
        try
        {
            using var buffer = run.TryAllocate(run.Heap.SmallLength, name);
            throw new CaseFailure($"the host exported a buffer although the export failed when it was {step}");
        }
        catch (HeapException refusal) when (run.Recorder.Refusals.Contains(refusal))
        {
            throw new CaseFailure($"a small buffer was refused ({refusal.Errno}, {refusal.Cause}: {refusal.Message})", refusal);
        }
        catch (HeapException)
        {
            run.Probe.FailNoMore();
            run.AwaitEarlierReleases();
            Expect(run, name, ReleaseReason.ExportFailed);
        }
    }

    private static void HostStopping(CaseRun run)
    {
        const string Name = "held by a client";
        using var buffer = run.Allocate(run.Heap.SmallLength, Name);
        using var mapping = run.Promises(HeapCapabilities.CpuMappable) ? CaseRun.Map(buffer) : null;
        mapping?.Span.Fill(0x5A);
        run.Stop();
        Expect(run, Name, ReleaseReason.HostStopping);
        if (mapping?.ReadOnlySpan.IndexOfAnyExcept((byte)0x5A) is >= 0 and var changed)
        {
            throw new CaseFailure($"byte {changed} of a buffer that a client holds changed when the host stopped");
        }
    }

    private static void Expect(CaseRun run, string name, ReleaseReason reason)
    {
        var releases = run.Recorder.Find(name).Releases;
        if (releases.Count != 1) throw new CaseFailure($"a buffer was released {releases.Count} times where {reason} called for once");
        if (releases[0].Reason != reason) throw new CaseFailure($"a buffer was released for {releases[0].Reason} where it was {reason}");
        if (releases[0].Failure is { } failure) throw new CaseFailure($"Release({reason}) threw {failure.GetType().Name}: {failure.Message}", failure);
    }
}
