using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes the counters of one heap, or of all together.</summary>
internal static class StatisticsReplies
{
    // A thread's own, and empty of heaps between requests.
    [ThreadStatic]
    private static List<HeapStatistics>? t_counted;

    [ThreadStatic]
    private static CauseCounts? t_causes;

    /// <returns>Length of the packet.</returns>
    public static int Write(Span<byte> packet, ulong requestId, HostCore core, HeapSlot? heap)
    {
        var counted = Counted(core, heap);
        var limit = heap is null ? core.Quotas.Host.Limit : heap.Accounts.All.Limit;
        var reply = new StatisticsReply { LimitBytes = limit == long.MaxValue ? 0 : (ulong)limit };
        var sum = t_causes ??= new CauseCounts();
        sum.Clear();
        foreach (var statistics in counted)
        {
            reply.Buffers += (ulong)statistics.Buffers;
            reply.Bytes += (ulong)statistics.Bytes;
            reply.PeakBytes += (ulong)statistics.PeakBytes;
            reply.Allocations += (ulong)statistics.Allocations;
            reply.Releases += (ulong)statistics.Releases;
            reply.Failures += (ulong)statistics.Failures;
            reply.PoolHits += (ulong)statistics.PoolHits;
            reply.PoolMisses += (ulong)statistics.PoolMisses;
            reply.PoolFilledBytes += (ulong)statistics.PoolFilledBytes;
            reply.PoolGivenBackBytes += (ulong)statistics.PoolGivenBackBytes;
            reply.HostPaidBytes += (ulong)statistics.HostPaidBytes;
            reply.ToucherPaidBytes += (ulong)statistics.ToucherPaidBytes;
            reply.Recycled += (ulong)statistics.Recycled;
            statistics.Causes.AddTo(sum);
        }

        counted.Clear();
        foreach (var pool in core.Pools.All)
        {
            if (heap is not null && pool.Heap != heap.Name) continue;
            reply.PoolBytes += (ulong)pool.Bytes;
            reply.PoolBuffers += (ulong)pool.Buffers;
        }

        if (heap?.Heap.Gauge() is { } gauge && heap.Use.TryEnter()) AddGauges(ref reply, core, heap, gauge);

        var head = Unsafe.SizeOf<StatisticsReply>();
        var entries = MemoryMarshal.Cast<byte, CauseEntry>(packet[head..]);
        var causes = 0;
        foreach (var (cause, count) in sum.Sorted())
        {
            if (causes == entries.Length) break;
            entries[causes].Count = (ulong)count;
            TextField.Write(entries[causes].Cause, cause);
            causes++;
        }

        var length = head + causes * Unsafe.SizeOf<CauseEntry>();
        reply.CauseCount = (uint)causes;
        reply.Header = new MessageHeader { Size = (uint)length, Kind = MessageKind.Statistics | MessageKind.ReplyBit, RequestId = requestId };
        MemoryMarshal.Write(packet, in reply);
        return length;
    }

    private static void AddGauges(ref StatisticsReply reply, HostCore core, HeapSlot heap, IHeapGauge gauge)
    {
        try
        {
            Add(ref reply, core.Ops.ReadGauges(heap, gauge));
        }
        finally
        {
            heap.Use.Leave();
        }
    }

    private static void Add(ref StatisticsReply reply, in HeapGauges gauges)
    {
        reply.HasGauges = 1;
        reply.Capacity = (ulong)gauges.Capacity;
        reply.Free = (ulong)gauges.Free;
        reply.LargestRun = (ulong)gauges.LargestRun;
    }

    // Buffers of a heap that was replaced count under its name, with those of the heap in its place; of one that is gone, over all.
    private static List<HeapStatistics> Counted(HostCore core, HeapSlot? heap)
    {
        var counted = t_counted ??= [];
        counted.Clear();
        if (heap is not null)
        {
            counted.Add(heap.Statistics);
            return counted;
        }

        foreach (var (_, slot) in core.Registry.Names)
        {
            if (!counted.Contains(slot.Statistics)) counted.Add(slot.Statistics);
        }

        core.Retired.AddDraining(counted);
        return counted;
    }
}
