using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes the counters of one heap, or of all together.</summary>
internal static class StatisticsReplies
{
    /// <returns>Length of the packet.</returns>
    public static int Write(Span<byte> packet, ulong requestId, HostCore core, HeapSlot? heap)
    {
        var slots = heap is null ? core.Registry.Slots : [heap];
        var limit = heap is null ? core.Quotas.Host.Limit : heap.Accounts.All.Limit;
        var reply = new StatisticsReply
        {
            Buffers = Sum(slots, statistics => statistics.Buffers),
            Bytes = Sum(slots, statistics => statistics.Bytes),
            PeakBytes = Sum(slots, statistics => statistics.PeakBytes),
            Allocations = Sum(slots, statistics => statistics.Allocations),
            Releases = Sum(slots, statistics => statistics.Releases),
            Failures = Sum(slots, statistics => statistics.Failures),
            LimitBytes = limit == long.MaxValue ? 0 : (ulong)limit,
        };
        if (heap?.Heap is IHeapGauge gauge) Add(ref reply, core.Ops.ReadGauges(heap, gauge));

        var head = Unsafe.SizeOf<StatisticsReply>();
        var causes = slots
            .SelectMany(slot => slot.Statistics.FailuresByCause)
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

    private static void Add(ref StatisticsReply reply, in HeapGauges gauges)
    {
        reply.HasGauges = 1;
        reply.Capacity = (ulong)gauges.Capacity;
        reply.Free = (ulong)gauges.Free;
        reply.LargestRun = (ulong)gauges.LargestRun;
    }

    private static ulong Sum(IReadOnlyList<HeapSlot> slots, Func<HeapStatistics, long> value) => (ulong)slots.Sum(slot => value(slot.Statistics));
}
