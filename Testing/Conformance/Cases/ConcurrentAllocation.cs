using System.Buffers.Binary;
using System.Collections.Concurrent;
using DmaHeap.Client;

namespace DmaHeap.Testing.Conformance;

/// <summary>Several threads allocate at the same moment, and each gets memory of its own.</summary>
internal sealed class ConcurrentAllocation : ConformanceCase
{
    private const int Threads = 4, AtOnce = 4, Rounds = 8;

    public override string Name => "concurrent-allocation";

    public override string Checks => "Threads that ask at the same moment, again and again, all get buffers, and no two buffers share memory.";

    public override string Failure => "The host calls Allocate and Release from several threads at once and holds no lock: guard what the heap keeps.";

    internal override void Check(CaseRun run)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var failures = new ConcurrentQueue<Exception>();
            var stamped = new ConcurrentDictionary<long, DmaBuffer>();
            try
            {
                Allocate(run, stamped, failures);
                if (failures.TryDequeue(out var failure)) throw new CaseFailure($"{Threads} threads allocated at once: {failure.Message}", failure);
                foreach (var (stamp, buffer) in stamped) Verify(run, buffer, stamp);
            }
            finally
            {
                foreach (var buffer in stamped.Values) buffer.Dispose();
            }

            run.AwaitReleases();
        }
    }

    private static void Allocate(CaseRun run, ConcurrentDictionary<long, DmaBuffer> stamped, ConcurrentQueue<Exception> failures)
    {
        using var together = new Barrier(Threads);
        var threads = new Thread[Threads];
        for (var i = 0; i < Threads; i++)
        {
            var first = 1 + (i * AtOnce);
            threads[i] = new Thread(() => AllocateSome(first));
            threads[i].Start();
        }

        foreach (var thread in threads) thread.Join();

        void AllocateSome(int first)
        {
            for (var stamp = first; stamp < first + AtOnce; stamp++)
            {
                together.SignalAndWait();
                try
                {
                    var buffer = run.Allocate(run.Heap.SmallLength);
                    stamped[stamp] = buffer;
                    Stamp(run, buffer, stamp);
                }
                catch (Exception exception)
                {
                    // Kept for the thread that joins this one; the others go on, or they would wait at the barrier for ever.
                    failures.Enqueue(exception);
                }
            }
        }
    }

    private static void Stamp(CaseRun run, DmaBuffer buffer, long stamp)
    {
        if (!run.Promises(HeapCapabilities.CpuMappable)) return;
        using var mapping = CaseRun.Map(buffer);
        BinaryPrimitives.WriteInt64LittleEndian(mapping.Span, stamp);
        BinaryPrimitives.WriteInt64LittleEndian(mapping.Span[^sizeof(long)..], stamp);
    }

    private static void Verify(CaseRun run, DmaBuffer buffer, long stamp)
    {
        if (!run.Promises(HeapCapabilities.CpuMappable)) return;
        using var mapping = CaseRun.Map(buffer, FileAccess.Read);
        var head = BinaryPrimitives.ReadInt64LittleEndian(mapping.ReadOnlySpan);
        var tail = BinaryPrimitives.ReadInt64LittleEndian(mapping.ReadOnlySpan[^sizeof(long)..]);
        if (head != stamp || tail != stamp) throw new CaseFailure($"buffer {stamp} holds what was written to buffers {head} and {tail}: they share memory");
    }
}
