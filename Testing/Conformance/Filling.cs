using DmaHeap.Hosting;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing.Conformance;

/// <summary>All the buffers a heap of fixed size would give, and how it refused the last one.</summary>
internal sealed class Filling : IDisposable
{
    // A region that is full takes fewer: eight of the first size, then one or two of each half of it.
    private const int MostBuffers = 1024;
    private const int FirstPart = 8;

    private readonly List<ExportedBuffer> _buffers = [];
    private HeapException? _refusal;

    private Filling()
    {
    }

    public HeapException Refusal => _refusal!;

    public long Bytes => _buffers.Sum(buffer => buffer.Length);

    /// <summary>Allocates large buffers until they are refused, then half as large ones, down to the smallest.</summary>
    public static Filling Fill(CaseRun run)
    {
        var filling = new Filling();
        try
        {
            var capacity = run.Recorder.Inner.Gauge()?.ReadGauges().Capacity ?? run.Heap.LargeLength * FirstPart;
            var length = Math.Max(capacity / FirstPart, run.Heap.SmallLength);
            while (length > run.Heap.SmallLength)
            {
                filling.AllocateUntilRefused(run, length);
                length /= 2;
            }

            filling.AllocateUntilRefused(run, run.Heap.SmallLength);
            return filling;
        }
        catch
        {
            filling.Dispose();
            throw;
        }
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private void AllocateUntilRefused(CaseRun run, long length)
    {
        while (_buffers.Count < MostBuffers)
        {
            try
            {
                _buffers.Add(run.TryAllocate(length));
            }
            catch (HeapException refusal) when (run.Recorder.Refusals.Contains(refusal))
            {
                _refusal = refusal;
                return;
            }
            catch (HeapException fault) when (fault.InnerException is { } thrown && run.Recorder.Refusals.Contains(thrown))
            {
                throw new CaseFailure($"Allocate threw {thrown.GetType().Name} where it has no room ({thrown.Message})", thrown);
            }
            catch (HeapException refusal)
            {
                throw new CaseFailure($"not the heap but the host refused, after {CaseRun.Text(Bytes)} ({refusal.Cause}: {refusal.Message}): the region to try must fit this machine", refusal);
            }
        }

        throw new CaseFailure($"the heap promises FixedCapacity and was not full after {MostBuffers} buffers ({CaseRun.Text(Bytes)})");
    }
}
