namespace DmaHeap.Testing.Conformance;

/// <summary>A request that was withdrawn before the heap saw it.</summary>
internal sealed class Cancellation : ConformanceCase
{
    public override string Name => "cancellation";

    public override string Checks => "A request that is cancelled already either succeeds or ends as EINTR, and the next one is served.";

    public override string Failure => "A client that hangs up must not look like a fault of the heap: throw OperationCanceledException, or do not look at the token.";

    internal override void Check(CaseRun run)
    {
        try
        {
            using var buffer = run.TryAllocate(run.Heap.SmallLength, cancellationToken: new CancellationToken(canceled: true));
        }
        catch (HeapException refusal)
        {
            if (refusal.Errno != HeapErrno.Interrupted) throw new CaseFailure($"a cancelled request ends as {refusal.Errno} ({refusal.Cause}: {refusal.Message})", refusal);
        }

        run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitReleases();
    }
}
