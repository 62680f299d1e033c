using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes the counters of one heap, or of all together.</summary>
internal static class StatisticsReplies
{
    /// <returns>Length of the packet.</returns>
    public static int Write(Span<byte> packet, ulong requestId, HostCore core, HeapSlot? heap)
    {
        // Buffers of a heap that was replaced count under its name, with those of the heap in its place; of one that is gone, over all.
        HeapStatistics[] counted = heap is null ? [.. core.Registry.Slots.Concat(core.Retired.Draining.Select(old => old.Slot).OfType<HeapSlot>()).Select(slot => slot.Statistics).Distinct()] : [heap.Statistics];
        PagePool[] pools = [.. core.Pools.All.Where(pool => heap is null || pool.Heap == heap.Name)];
        var limit = heap is null ? core.Quotas.Host.Limit : heap.Accounts.All.Limit;
        var reply = new StatisticsReply
        {
            Buffers = Sum(counted, statistics => statistics.Buffers),
            Bytes = Sum(counted, statistics => statistics.Bytes),
            PeakBytes = Sum(counted, statistics => statistics.PeakBytes),
            Allocations = Sum(counted, statistics => statistics.Allocations),
            Releases = Sum(counted, statistics => statistics.Releases),
            Failures = Sum(counted, statistics => statistics.Failures),
            PoolBytes = Sum(pools, pool => pool.Bytes),
            PoolBuffers = Sum(pools, pool => pool.Buffers),
            PoolHits = Sum(counted, statistics => statistics.PoolHits),
            PoolMisses = Sum(counted, statistics => statistics.PoolMisses),
            PoolFilledBytes = Sum(counted, statistics => statistics.PoolFilledBytes),
            PoolGivenBackBytes = Sum(counted, statistics => statistics.PoolGivenBackBytes),
            HostPaidBytes = Sum(counted, statistics => statistics.HostPaidBytes),
            ToucherPaidBytes = Sum(counted, statistics => statistics.ToucherPaidBytes),
            Recycled = Sum(counted, statistics => statistics.Recycled),
            LimitBytes = limit == long.MaxValue ? 0 : (ulong)limit,
        };
        if (heap?.Heap.Gauge() is { } gauge && heap.Use.TryEnter()) AddGauges(ref reply, core, heap, gauge);

        var head = Unsafe.SizeOf<StatisticsReply>();
        var causes = counted
            .SelectMany(statistics => statistics.FailuresByCause)
            .GroupBy(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal)
            .Take((packet.Length - head) / Unsafe.SizeOf<CauseEntry>())
            .ToArray();
        var entries = MemoryMarshal.Cast<byte, CauseEntry>(packet[head..]);
        for (var i = 0; i < causes.Length; i++)
        {
            entries[i] = new CauseEntry { Count = (ulong)causes[i].Sum() };
            TextField.Write(entries[i].Cause, causes[i].Key);
        }

        var length = head + causes.Length * Unsafe.SizeOf<CauseEntry>();
        reply.CauseCount = (uint)causes.Length;
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

    private static ulong Sum<T>(T[] counted, Func<T, long> value) => (ulong)counted.Sum(value);
}
