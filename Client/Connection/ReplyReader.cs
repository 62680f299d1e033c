using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>Some entries of a list, and whether there are more.</summary>
readonly record struct Page<TEntry>(List<TEntry> Entries, bool More);

/// <summary>Turns replies into what callers see. Each method returns null, or what is wrong with the packet; none throws for what a host may send.</summary>
static class ReplyReader
{
    public static string Describe(MessageFault fault) => fault switch
    {
        MessageFault.Short => "a message that is too short",
        MessageFault.WrongSize => "a message that states a size other than its own",
        _ => "a message with fields this client does not know",
    };

    /// <summary>What is wrong with a buffer that a host says it made.</summary>
    public static string? RejectBuffer(ulong length, uint pageSize) =>
        length is 0 or > long.MaxValue ? $"buffers of {length} bytes" : pageSize is 0 or > int.MaxValue ? $"pages of {pageSize} bytes" : null;

    public static string? Hello(ReadOnlySpan<byte> packet, out HostInfo info)
    {
        info = null!;
        if (packet.Length < Unsafe.SizeOf<HelloReply>()) return Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<HelloReply>(packet);
        ulong connection = 0;
        if (Number(packet, reply.Features, ref connection) is { } wrong) return wrong;
        if (reply.Magic != ProtocolConstants.Magic) return "a hello that is not dmaheap's";
        if (reply.Major != ProtocolConstants.MajorVersion)
            return $"a hello of version {reply.Major}.{reply.Minor}, where this client speaks {ProtocolConstants.MajorVersion}";
        if ((reply.Features & ~ProtocolFeatures.ConnectionNumber) != 0) return "features this client did not offer";
        if (reply.PageSize is 0 or > int.MaxValue) return $"a page size of {reply.PageSize}";
        if (reply.MaxDescriptors is 0 or > ProtocolConstants.MaxDescriptors) return $"a limit of {reply.MaxDescriptors} descriptors";
        info = new HostInfo(reply.Major, reply.Minor, reply.Epoch, (int)reply.PageSize, reply.ProcessId, (int)reply.MaxDescriptors, connection);
        return null;

        static string? Number(ReadOnlySpan<byte> packet, ProtocolFeatures features, ref ulong connection)
        {
            if ((features & ProtocolFeatures.ConnectionNumber) == 0)
                return MessageCodec.Read<HelloReply>(packet, out _) is var plain and not MessageFault.None ? Describe(plain) : null;
            if (MessageCodec.Read<NumberedHelloReply>(packet, out var numbered) is var fault and not MessageFault.None) return Describe(fault);
            connection = numbered.Connection;
            return null;
        }
    }

    public static string? Journal(ReadOnlySpan<byte> packet, out JournalPage page)
    {
        page = null!;
        var at = Unsafe.SizeOf<JournalReply>();
        if (packet.Length < at) return Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<JournalReply>(packet);
        if (reply.Bytes > (uint)(packet.Length - at)) return Describe(MessageFault.Short);
        var text = packet.Slice(at, (int)reply.Bytes);
        if (packet[(at + text.Length)..].ContainsAnyExcept((byte)0)) return Describe(MessageFault.UnknownTail);
        if (text.Length > 0 && text[^1] != (byte)'\n') return "half a line of a journal";
        if (text.Length == 0 && reply.More != 0) return "an empty part of a journal that goes on";
        string[] lines = text.Length == 0 ? [] : Encoding.UTF8.GetString(text[..^1]).Split('\n');
        page = new JournalPage(lines, Clamp(reply.Last), Clamp(reply.Dropped), reply.More != 0);
        return null;
    }

    public static string? Heaps(ReadOnlySpan<byte> packet, out Page<HeapInfo> page) => List<HeapEntry, HeapInfo>(packet, Heap, out page);

    public static string? Buffers(ReadOnlySpan<byte> packet, out Page<BufferInfo> page) => List<BufferEntry, BufferInfo>(packet, Buffer, out page);

    public static string? Shrunk(ReadOnlySpan<byte> packet, out Page<ShrinkStep> page) => List<ShrinkEntry, ShrinkStep>(packet, Shrunk, out page);

    public static string? Description(ReadOnlySpan<byte> packet, out BufferInfo info)
    {
        var fault = MessageCodec.Read<DescribeReply>(packet, out var reply);
        info = fault == MessageFault.None ? Buffer(in reply.Buffer) : null!;
        return fault == MessageFault.None ? null : Describe(fault);
    }

    public static string? Adopted(ReadOnlySpan<byte> packet, out BufferInfo info)
    {
        var fault = MessageCodec.Read<AdoptReply>(packet, out var reply);
        info = fault == MessageFault.None ? Buffer(in reply.Buffer) : null!;
        return fault == MessageFault.None ? null : Describe(fault);
    }

    public static string? Statistics(ReadOnlySpan<byte> packet, out HeapStatistics statistics)
    {
        statistics = null!;
        var at = Unsafe.SizeOf<StatisticsReply>();
        if (packet.Length < at) return Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<StatisticsReply>(packet);
        if (reply.CauseCount > ProtocolConstants.MaxMessageBytes) return Describe(MessageFault.Short);
        var end = at + ((int)reply.CauseCount * Unsafe.SizeOf<CauseEntry>());
        if (packet.Length < end) return Describe(MessageFault.Short);
        if (packet[end..].ContainsAnyExcept((byte)0)) return Describe(MessageFault.UnknownTail);

        var causes = new Dictionary<string, long>();
        foreach (ref readonly var entry in MemoryMarshal.Cast<byte, CauseEntry>(packet[at..end]))
            causes[TextField.Read(entry.Cause)] = Clamp(entry.Count);
        HeapGauge? gauge = reply.HasGauges == 0 ? null : new HeapGauge(Clamp(reply.Capacity), Clamp(reply.Free), Clamp(reply.LargestRun));
        statistics = new HeapStatistics(
            Clamp(reply.Buffers), Clamp(reply.Bytes), Clamp(reply.PeakBytes), Clamp(reply.Allocations), Clamp(reply.Releases),
            Clamp(reply.Failures), Clamp(reply.LimitBytes), gauge, causes)
        {
            Memory = new HeapMemoryStatistics
            {
                PoolBytes = Clamp(reply.PoolBytes),
                PoolBuffers = Clamp(reply.PoolBuffers),
                PoolHits = Clamp(reply.PoolHits),
                PoolMisses = Clamp(reply.PoolMisses),
                PoolFilledBytes = Clamp(reply.PoolFilledBytes),
                PoolGivenBackBytes = Clamp(reply.PoolGivenBackBytes),
                HostPaidBytes = Clamp(reply.HostPaidBytes),
                ToucherPaidBytes = Clamp(reply.ToucherPaidBytes),
                Recycled = Clamp(reply.Recycled),
            },
        };
        return null;
    }

    public static string? GivenBack(ReadOnlySpan<byte> packet, out bool taken)
    {
        var fault = MessageCodec.Read<GiveBackReply>(packet, out var reply);
        taken = reply.Taken != 0;
        return fault == MessageFault.None ? null : Describe(fault);
    }

    public static string? Reload(ReadOnlySpan<byte> packet, out ReloadResult result)
    {
        var fault = MessageCodec.Read<ReloadReply>(packet, out var reply);
        result = new ReloadResult(Clamp(reply.Added), Clamp(reply.Removed), Clamp(reply.Replaced), Clamp(reply.Changed), Clamp(reply.Unchanged));
        return fault == MessageFault.None ? null : Describe(fault);
    }

    delegate TInfo EntryReader<TEntry, TInfo>(in TEntry entry);

    static string? List<TEntry, TInfo>(ReadOnlySpan<byte> packet, EntryReader<TEntry, TInfo> read, out Page<TInfo> page)
        where TEntry : unmanaged
    {
        page = default;
        var at = Unsafe.SizeOf<ListReply>();
        if (packet.Length < at) return Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<ListReply>(packet);
        if (reply.Count > 0 && reply.EntrySize < (uint)Unsafe.SizeOf<TEntry>()) return $"entries of {reply.EntrySize} bytes";
        var end = (ulong)at + ((ulong)reply.Count * reply.EntrySize);
        if (end > (ulong)packet.Length) return Describe(MessageFault.Short);
        if (packet[(int)end..].ContainsAnyExcept((byte)0)) return Describe(MessageFault.UnknownTail);
        if (reply.More != 0 && reply.Count == 0) return "an empty part of a list that goes on";

        var entries = new List<TInfo>((int)reply.Count);
        for (; at < (int)end; at += (int)reply.EntrySize)
        {
            var entry = MemoryMarshal.Read<TEntry>(packet[at..]);
            entries.Add(read(in entry));
        }

        page = new Page<TInfo>(entries, reply.More != 0);
        return null;
    }

    static HeapInfo Heap(in HeapEntry entry) => new(
        TextField.Read(entry.Name), TextField.Read(entry.AliasOf), TextField.Read(entry.Plugin), entry.State, (HeapTraits)entry.Capabilities,
        TextField.Read(entry.Reason));

    static BufferInfo Buffer(in BufferEntry entry) => new(
        entry.Id, TextField.Read(entry.Heap), TextField.Read(entry.Name), Clamp(entry.Length), TimeSpan.FromTicks(Clamp(entry.AgeNanoseconds / 100)),
        entry.Flags, (int)Math.Min(entry.PageSize, int.MaxValue), entry.UserId, entry.ProcessId, (int)Math.Min(entry.Attachments, int.MaxValue));

    static ShrinkStep Shrunk(in ShrinkEntry entry) => new(
        TextField.Read(entry.Source), Clamp(entry.Count), Clamp(entry.Wanted), Clamp(entry.Given), TimeSpan.FromMicroseconds(Math.Min(entry.Microseconds, uint.MaxValue)), entry.Result);

    /// <summary>Counts are unsigned on the wire and signed here; no true one is that large, and a false one must not throw.</summary>
    static long Clamp(ulong value) => (long)Math.Min(value, long.MaxValue);
}
